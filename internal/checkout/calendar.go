package checkout

import "time"

// day is a calendar day; of which calendar, its maker knows.
type day struct{ year, month, date int }

// The Jalali calendar, counted in days since 1970-01-01.
const (
	jalaliStart = -492269 // the day before 1 Farvardin of the year 1
	thirtyOnes  = 6       // the first six months have 31 days, the others 30
)

// jalali is the day of the Iranian calendar on which t falls. It follows the
// cycle of 33 years with eight leap years, which agrees with the official
// calendar from 1179 to 1501, that is from 1800 to the spring of 2123.
func jalali(t time.Time) day {
	year, month, date := t.Date()
	days := int(time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
	d := day{year: (days-jalaliStart)*33/12053 + 1}
	for yearStart(d.year) >= days { // the mean year can be a day ahead of this one
		d.year--
	}
	for yearStart(d.year+1) < days {
		d.year++
	}
	d.month, d.date = 1, days-yearStart(d.year)
	for length := 31; d.date > length; d.month++ {
		d.date -= length
		if d.month == thirtyOnes {
			length = 30
		}
	}
	return d
}

// yearStart is the last day before a Jalali year: whole years of 365 days and
// the leap days of the years before it.
func yearStart(year int) int {
	return jalaliStart + 365*(year-1) + (8*year+21)/33
}

// gregorian is the day of the calendar that most of the world has.
func gregorian(t time.Time) day {
	year, month, date := t.Date()
	return day{year, int(month), date}
}

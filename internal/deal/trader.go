package deal

import "time"

// Trader is somebody who receives transfers of payers and pays for them out of
// coins that were put in before.
type Trader struct {
	ID        string
	Merchant  string
	Version   int64 // the version that was read; 0 = not stored yet
	Name      string
	Disabled  bool // no new deals
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Standing is whether something may be used, in the words of its history.
type Standing string

// The standings of traders and requisites.
const (
	Active   Standing = "active"
	Disabled Standing = "disabled"
)

// Standing says whether new deals may be made with the trader.
func (t Trader) Standing() Standing { return standing(t.Disabled) }

// Standing says whether new deals may begin on the requisite.
func (q Requisite) Standing() Standing { return standing(q.Disabled) }

func standing(disabled bool) Standing {
	if disabled {
		return Disabled
	}
	return Active
}

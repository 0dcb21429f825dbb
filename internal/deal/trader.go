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
	MostLive  int  // so many deals at once; 0 = any number
	CreatedAt time.Time
	UpdatedAt time.Time
}

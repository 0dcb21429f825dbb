package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// overview is the control interface's front page.
type overview struct {
	Provider  string    `json:"provider"`
	PublicURL string    `json:"public_url"`
	Now       time.Time `json:"now"`
	Switches  []Setting `json:"switches"`
	Faults    []Fault   `json:"faults"`
	FaultMenu []string  `json:"fault_menu"`
	Calls     []string  `json:"calls"`
	Books     Books     `json:"books"`
}

// Control is the JSON interface behind the scenes, for another listener or prefix than the provider's own:
//
//	GET /                       overview
//	GET /switches               PUT /switches {"name": "value", ...}
//	GET /faults                 POST /faults {fault}    DELETE /faults
//	GET /payments               GET /payments/{id}      POST /payments/{id}/act {decision}
//	GET /books
//	GET /journal                DELETE /journal
//	GET /merchants              POST /merchants {merchant}
//	POST /clock {"advance": "31m"}
//
// It has no password: whoever can reach it decides what the sandbox does.
func (b *Bench) Control() http.Handler {
	mux := http.NewServeMux()
	get := func(path string, read func() any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { Show(w, http.StatusOK, read()) })
	}
	get("/{$}", func() any { return b.overview() })
	get("/switches", func() any { return b.Switches() })
	get("/faults", func() any { return b.Faults() })
	get("/payments", func() any { return b.Payments() })
	get("/books", func() any { return b.Books() })
	get("/journal", func() any { return b.Journal() })
	get("/merchants", func() any { return b.Merchants() })
	mux.HandleFunc("GET /payments/{id}", b.controlPayment)
	mux.HandleFunc("POST /payments/{id}/act", b.controlAct)
	mux.HandleFunc("PUT /switches", b.controlSwitches)
	mux.HandleFunc("POST /faults", b.controlFault)
	mux.HandleFunc("POST /merchants", b.controlMerchant)
	mux.HandleFunc("POST /clock", b.controlClock)
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		b.ClearFaults()
		Show(w, http.StatusOK, b.Faults())
	})
	mux.HandleFunc("DELETE /journal", func(w http.ResponseWriter, _ *http.Request) {
		b.ClearJournal()
		Show(w, http.StatusOK, []Entry{})
	})
	return mux
}

func (b *Bench) overview() overview {
	return overview{
		Provider: b.profile.Name, PublicURL: b.options.PublicURL, Now: b.Now(), Switches: b.Switches(),
		Faults: b.Faults(), FaultMenu: b.FaultNames(), Calls: b.CallNames(), Books: b.Books(),
	}
}

func (b *Bench) controlPayment(w http.ResponseWriter, r *http.Request) {
	payment, ok := b.Payment(r.PathValue("id"))
	if !ok {
		refuse(w, http.StatusNotFound, fmt.Errorf("no payment %q", r.PathValue("id")))
		return
	}
	Show(w, http.StatusOK, payment)
}

func (b *Bench) controlAct(w http.ResponseWriter, r *http.Request) {
	var decision Decision
	if !read(w, r, &decision) {
		return
	}
	outcome, err := b.Act(r.PathValue("id"), decision)
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	Show(w, http.StatusOK, outcome)
}

func (b *Bench) controlSwitches(w http.ResponseWriter, r *http.Request) {
	wanted := map[string]string{}
	if !read(w, r, &wanted) {
		return
	}
	for name, value := range wanted {
		if err := b.SetSwitch(name, value); err != nil {
			refuse(w, http.StatusUnprocessableEntity, err)
			return
		}
	}
	Show(w, http.StatusOK, b.Switches())
}

func (b *Bench) controlFault(w http.ResponseWriter, r *http.Request) {
	var fault Fault
	if !read(w, r, &fault) {
		return
	}
	kept, err := b.AddFault(fault)
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	Show(w, http.StatusCreated, kept)
}

func (b *Bench) controlMerchant(w http.ResponseWriter, r *http.Request) {
	var merchant Merchant
	if !read(w, r, &merchant) {
		return
	}
	if err := b.SetMerchant(merchant); err != nil {
		refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	Show(w, http.StatusCreated, merchant)
}

func (b *Bench) controlClock(w http.ResponseWriter, r *http.Request) {
	var clock struct {
		Advance string `json:"advance"`
	}
	if !read(w, r, &clock) {
		return
	}
	length, err := time.ParseDuration(clock.Advance)
	if err == nil {
		err = b.Advance(length)
	}
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	Show(w, http.StatusOK, map[string]time.Time{"now": b.Now()})
}

// read decodes a strict JSON body, or answers 400 and says false.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		if _, end := decoder.Token(); end == io.EOF {
			return true
		}
		err = fmt.Errorf("more than one JSON value")
	}
	refuse(w, http.StatusBadRequest, err)
	return false
}

// refuse answers a mistake of the person at the controls.
func refuse(w http.ResponseWriter, status int, err error) {
	Show(w, status, map[string]string{"error": err.Error()})
}

// Show answers with JSON on a control interface.
func Show(w http.ResponseWriter, status int, value any) {
	reply := JSON(status, value)
	w.Header().Set("Content-Type", reply.Type)
	w.WriteHeader(reply.Status)
	_, _ = w.Write(reply.Body) // the client has gone: nobody is left to tell
}

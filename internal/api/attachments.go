package api

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// attachmentView is what is known of a file about a deal.
type attachmentView struct {
	ID        string `json:"id"`
	Deal      string `json:"deal"`
	Type      string `json:"type"`
	Size      int64  `json:"size"`
	By        string `json:"by"`
	CreatedAt string `json:"created_at" format:"date-time"`
}

// newAttachment is a file that the caller sends about a deal.
type newAttachment struct {
	Data string `json:"data" minLength:"1" maxLength:"14000000"`
}

// mostOfAttachment bounds the body that brings a file, in bytes: base64 has four
// for three.
const mostOfAttachment = 14 << 20

// attachmentList names the deal whose files are asked for.
type attachmentList struct {
	paging

	Deal string `query:"deal" required:"true" maxLength:"200"`
}

// exampleAttachment is the id of the document's attachment.
const exampleAttachment = "att_01941f29-7c00-7000-8000-000000000001"

var attachmentWords = words{
	"attachmentView": {
		"id":   {doc: "Its id.", example: exampleAttachment},
		"deal": {doc: "The id of the deal that it is about.", example: exampleDeal},
		"type": {doc: "What its first bytes say that it is, whatever its sender says.", example: "image/png"},
		"size": {doc: "How many bytes it has.", example: 51200},
		"by":   {doc: "Who sent it.", example: "payer"},
	},
	"newAttachment": {
		"data": {
			doc: "The file in base64, of at most 10 MB: a picture (PNG or JPEG) or a PDF. What it is is seen from its first " +
				"bytes.",
			example: "iVBORw0KGgo=",
		},
	},
	"attachmentList": {"deal": {doc: "The id of the deal.", example: exampleDeal}},
}

func (d *desk) attachments() resource {
	return resource{
		name: "attachments", about: "An attachment is a file by which somebody shows what became of the money of a deal.",
		words: attachmentWords, example: exampleAttachment,
		operations: []operation{
			create(row{
				id: "createAttachment", path: "/deals/{id}/attachments", scope: merchant.DealsWrite,
				summary: "Attach a file to a deal",
				about: "Keeps a file about a deal that is not decided, for whoever decides it. A deal has at most 10 files, of " +
					"30 MB together.",
				faults: []fault.Code{fault.CodeDealNotFound, fault.CodeWrongState}, most: mostOfAttachment,
				example: exampleDeal,
			}, "att", d.createAttachment, story[attachmentView]{
				now: d.attachmentNow, of: func(change app.Change) (out attachmentView, ok bool) {
					if len(change.Attachments) != 1 {
						return out, false
					}
					return viewAttachment(change.Attachments[0]), true
				},
			}),
			get(row{
				id: "getAttachment", path: "/attachments/{id}", scope: merchant.DealsRead, summary: "Get an attachment",
				about: "Shows what is known of a file.", faults: []fault.Code{fault.CodeNotFound},
			}, plain(d.attachmentNow)),
			file(row{
				id: "downloadAttachment", path: "/attachments/{id}/file", scope: merchant.DealsRead,
				summary: "Download an attachment",
				about: "Gives the file as it came, to be kept and never to be shown in a page: nobody has looked into it. Its " +
					"type is what its first bytes say.",
				faults: []fault.Code{fault.CodeNotFound},
			}, deal.MediaTypes(), d.downloadAttachment),
			list(row{
				id: "listAttachments", path: "/attachments", scope: merchant.DealsRead, summary: "List attachments",
				about:  "Lists what is known of the files about one deal, the oldest first. A deal has at most 10.",
				faults: []fault.Code{fault.CodeDealNotFound},
			}, d.listAttachments),
		},
	}
}

func (d *desk) createAttachment(c *call, id string, in newAttachment) (out attachmentView, err error) {
	of, err := c.id()
	if err != nil {
		return out, err
	}
	data, err := base64.StdEncoding.DecodeString(in.Data)
	if err != nil {
		return out, fault.New(fault.CodeParameterInvalid, "data", "It is not base64.")
	}
	made, err := d.App.Attach(c.Context(), app.NewAttachment{ID: id, Merchant: c.Merchant, Deal: of, Data: data})
	if f := fault.From(err); err != nil && f.Param == "attachment" {
		return out, fault.New(f.Code, "data", "")
	}
	return show(viewAttachment)(made, err)
}

func (d *desk) attachmentNow(c *call, id string) (attachmentView, error) {
	return show(viewAttachment)(d.App.Attachment(c.Context(), c.Merchant, id))
}

func (d *desk) downloadAttachment(c *call, id string) (download, error) {
	t, err := d.App.Attachment(c.Context(), c.Merchant, id)
	_, kind, _ := strings.Cut(t.Type, "/")
	return download{name: t.ID + "." + kind, mediaType: t.Type, data: t.Data}, err
}

func (d *desk) listAttachments(c *call, q attachmentList) (out pageOf[attachmentView], err error) {
	if _, err := d.App.Deal(c.Context(), c.Merchant, q.Deal); err != nil {
		return out, err
	}
	found, err := d.App.Attachments(c.Context(), c.Merchant, q.Deal)
	if err != nil {
		return out, err
	}
	return cutAs(q.paging, found, viewAttachment,
		func(t deal.Attachment) (time.Time, string) { return t.CreatedAt, t.ID }, 1)
}

// viewAttachment shows what is known of a file.
func viewAttachment(t deal.Attachment) attachmentView {
	return attachmentView{
		ID: t.ID, Deal: t.Deal, Type: t.Type, Size: int64(t.Size), By: t.By, CreatedAt: moment(t.CreatedAt),
	}
}

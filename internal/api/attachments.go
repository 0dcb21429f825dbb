package api

import (
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

// attachmentList names the deal whose files are asked for.
type attachmentList struct {
	formatted

	Deal string `query:"deal" required:"true" maxLength:"200"`
}

// exampleAttachment is the id of the document's attachment.
const exampleAttachment = "019a3c1f0b7c0001b8f0f2f0c4a59b1e"

var attachmentWords = words{
	"attachmentView": {
		"id":   {doc: "Its id.", example: exampleAttachment},
		"deal": {doc: "The id of the deal that it is about.", example: exampleDeal},
		"type": {doc: "What its first bytes say that it is, whatever its sender says.", example: "image/png"},
		"size": {doc: "How many bytes it has.", example: 51200},
		"by":   {doc: "Who sent it.", example: "payer"},
	},
	"attachmentList": {"deal": {doc: "The id of the deal.", example: exampleDeal}},
}

func (d *desk) attachments() resource {
	return resource{
		name: "attachments", about: "An attachment is a file by which somebody shows what became of the money of a deal.",
		words: attachmentWords, example: exampleAttachment,
		operations: []operation{
			list(row{
				id: "listAttachments", path: "/attachments", scope: merchant.DealsRead, summary: "List attachments",
				about:  "Lists what is known of the files about one deal, the oldest first; at most 10.",
				faults: []fault.Code{fault.CodeDealNotFound},
			}, d.listAttachments),
		},
	}
}

func (d *desk) listAttachments(c *call, q attachmentList) (out wholeOf[attachmentView], err error) {
	if _, err := d.App.Deal(c.Context(), c.Merchant, q.Deal); err != nil {
		return out, err
	}
	found, err := d.App.Attachments(c.Context(), c.Merchant, q.Deal)
	if err != nil {
		return out, err
	}
	out.Data = []attachmentView{}
	for _, t := range found {
		out.Data = append(out.Data, viewAttachment(t))
	}
	return out, nil
}

// viewAttachment shows what is known of a file.
func viewAttachment(t deal.Attachment) attachmentView {
	return attachmentView{
		ID: t.ID, Deal: t.Deal, Type: t.Type, Size: int64(t.Size), By: t.By, CreatedAt: moment(t.CreatedAt),
	}
}

// Package card makes what a patient takes home after an implant: a card for each
// device, in the size of a credit card or large on A4, as article 18 of the
// Medical Devices Regulation (EU) 2017/745 asks; and a page for the patient's
// notes with every device that was opened.
//
//	c := card.Of(procedure, card.Institution{Name: "Eskmere Hospital"}, zone)
//	pdf, err := c.PDF(card.Small, now)
//	c.Lacks // what should stand on it and is not recorded, in words
//
// The kinds that article 18(3) exempts have none, where the product list says the
// kind.
//
// What the record does not have is not on the card: nothing is guessed. The
// symbol is drawn from what was recorded, and reads back as the same device.
package card

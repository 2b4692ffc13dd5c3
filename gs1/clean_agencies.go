package gs1

import "strings"

// ofAnotherAgency undoes what cannot be data of HIBCC or ICCBBA.
func (c *cleaner) ofAnotherAgency() {
	if c.text[0] == '}' {
		c.replaceAt(0, 1, "]")
		c.step(StepIdentifier, c.origin(0), 1, identifierMessage, "read } as ]")
	}
	offset, length, _ := c.rewrite(func(i int) (int, string) {
		if strings.IndexByte("\r\n\t", c.text[i]) >= 0 {
			return 1, ""
		}
		return 0, ""
	})
	if length > 0 {
		c.step(StepLines, offset, length, "Line ends within the reading were left out.", "control characters are no data of HIBC or ISBT 128")
	}
	if half := len(c.text) / 2; half >= fewestRepeated/2 && c.text[:half] == c.text[half:] {
		c.first(half)
	}
	if strings.IndexByte("=&", c.body()[0]) >= 0 {
		c.ofICCBBA()
	}
}

// entities are the escapes of XML that hold a sign of a data identifier.
var entities = [...][2]string{{"&amp;", "&"}, {"&gt;", ">"}, {"&lt;", "<"}, {"&quot;", `"`}, {"&apos;", "'"}}

// ofICCBBA undoes what cannot be data of ISBT 128.
func (c *cleaner) ofICCBBA() {
	offset, length, _ := c.rewrite(func(i int) (int, string) {
		for _, e := range entities {
			if strings.HasPrefix(c.text[i:], e[0]) {
				return len(e[0]), e[1]
			}
		}
		return 0, ""
	})
	if length > 0 {
		c.step(StepPercent, offset, length, "The reading came in the encoding of web pages, which was undone.", "escapes of XML were undone")
	}
	behind := c.behind(" ")
	offset, length, _ = c.rewrite(func(i int) (int, string) {
		if c.text[i] != ' ' {
			return 0, ""
		}
		if end := behind(i); end < len(c.text) && strings.IndexByte("=&", c.text[end]) >= 0 {
			return 1, ""
		}
		return 0, ""
	})
	if length > 0 {
		c.step(StepSpaces, offset, length, "Spaces in the reading were left out.", "spaces stood between data structures")
	}
	capitals := strings.ToUpper(c.text)
	n := len(c.text) - len(c.body())
	// A small y or z tells a carton or a set of blood bags.
	if body := c.body(); len(capitals) == len(c.text) && capitals[n:] != body && strings.ToLower(body) == body && !strings.Contains(body, "=)y") && !strings.Contains(body, "=)z") {
		c.text = c.text[:n] + capitals[n:]
		c.step(StepCase, c.origin(n), c.origin(len(c.text)-1)+1-c.origin(n), "Capitals came as small letters from the reader and were put right.", "the data of ISBT 128 are capitals and digits")
	}
}

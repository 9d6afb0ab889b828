package progress

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestLine(t *testing.T) {
	var out bytes.Buffer
	none := NewLine(&out)
	assert.Nil(t, none, "no terminal")
	none.Show(func() string { panic("nobody sees it") })
	none.Clear()

	l := &Line{out: &out, next: time.Now().Add(time.Hour)}
	l.Show(func() string { return "too early" })
	l.Clear()
	assert.Empty(t, out.String())
	l.next = time.Time{}
	l.Show(func() string { return "step 1" })
	l.Show(func() string { return "too often" })
	l.Clear()
	l.Clear()
	assert.Equal(t, "\r\x1b[Kstep 1\r\x1b[K", out.String())
}

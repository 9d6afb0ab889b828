package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"painless/internal/machine"
)

const (
	formatName    = "painless-bench"
	formatVersion = 1

	reportName = "bench.json"
	figureName = "latency.png"
)

// report is what is written.
type report struct {
	Format    string          `json:"format"` // formatName
	Version   int             `json:"version"`
	Date      string          `json:"date"`
	Machine   machine.Machine `json:"machine"`
	Settings  workSettings    `json:"settings"`
	Rows      []row           `json:"rows"`
	PeakBytes int64           `json:"peak_bytes"` // of the process; 0 where the system does not say
}

// workSettings is what the rows have in common.
type workSettings struct {
	Precision  string `json:"precision"` // of the CPU
	Filters    string `json:"filters"`
	Threads    int    `json:"threads"`
	Atoms      int    `json:"atoms,omitempty"`      // of a structure
	Structures string `json:"structures,omitempty"` // the file that they are from
	Cloud      bool   `json:"cloud"`
	Warmup     int    `json:"warmup"` // calls
	Rounds     int    `json:"rounds"`
	Calls      int    `json:"calls"` // of a round
}

// row is the time of a call of one model on one device.
type row struct {
	Model        string `json:"model"`
	Device       string `json:"device"`
	Quantity     string `json:"quantity"`
	Batch        int    `json:"batch"`
	Structures   int    `json:"structures"` // 1 for a cloud, otherwise the batch
	Atoms        int    `json:"atoms"`      // of all of them
	Edges        int    `json:"edges"`      // directed
	Milliseconds spread `json:"ms"`
	Bytes        int64  `json:"bytes,omitempty"` // of the potential, on the CPU
}

// spread is percentiles of the calls' times, ms.
type spread struct {
	P5     float64 `json:"p5"`
	P25    float64 `json:"p25"`
	Median float64 `json:"median"`
	P75    float64 `json:"p75"`
	P95    float64 `json:"p95"`
}

// key is what makes two rows the same measurement.
func (r *row) key() [6]any { return [6]any{r.Model, r.Device, r.Quantity, r.Batch, r.Atoms, r.Edges} }

// find is the row that measured the same, or nil.
func (r *report) find(like *row) *row {
	for i := range r.Rows {
		if r.Rows[i].key() == like.key() {
			return &r.Rows[i]
		}
	}
	return nil
}

func (r *report) title() string {
	s := r.Settings
	what := fmt.Sprintf("structures of %d atoms", s.Atoms)
	switch {
	case s.Cloud:
		what = fmt.Sprintf("clouds of %d atoms a batch", s.Atoms)
	case s.Structures != "":
		what = "structures of " + s.Structures
	}
	return fmt.Sprintf("%v\n%s, %s, filters %s, %d threads; %d calls, %s\n\n", r.Machine, what, s.Precision, s.Filters, s.Threads, s.Rounds*s.Calls, r.Date)
}

// tableHead is the head of a markdown table, of the rows that line writes.
func tableHead(compared bool) string {
	head := []string{"batch", "model", "device", "quantity", "atoms", "ms", "5 to 95 %", "structures/s", "atoms/s", "MB"}
	if compared {
		head = append(head, "old ms", "new / old")
	}
	return "| " + strings.Join(head, " | ") + " |\n" + strings.Repeat("|---", len(head)) + "|\n"
}

// line is the row in a table, beside what old has of it.
func (r *row) line(old *report) string {
	ms, memory := r.Milliseconds, "–"
	if r.Bytes > 0 {
		memory = fmt.Sprintf("%.1f", float64(r.Bytes)/1e6)
	}
	perSecond := 1e3 / ms.Median
	line := fmt.Sprintf("| %d | %s | %s | %s | %d | %.3g | %.3g – %.3g | %s | %s | %s |", r.Batch, r.Model, r.Device, r.Quantity, r.Atoms,
		ms.Median, ms.P5, ms.P95, rounded(perSecond*float64(r.Structures)), rounded(perSecond*float64(r.Atoms)), memory)
	if old == nil {
		return line
	}
	before := old.find(r)
	if before == nil {
		return line + " – | – |"
	}
	return line + fmt.Sprintf(" %.3g | %.2f |", before.Milliseconds.Median, ms.Median/before.Milliseconds.Median)
}

// rounded is a number to three digits, without an exponent.
func rounded(x float64) string {
	x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// readReport reads what an earlier run wrote.
func readReport(path string) (*report, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s: expected what bench writes: %w", path, err)
	}
	if r.Format != formatName || r.Version != formatVersion {
		return nil, fmt.Errorf("%s: expected format %s version %d, found %.40q version %d", path, formatName, formatVersion, r.Format, r.Version)
	}
	for i := range r.Rows {
		if row := &r.Rows[i]; !(row.Milliseconds.Median > 0) {
			return nil, fmt.Errorf("%s: row %d: expected a median above 0 ms, found %v", path, i, row.Milliseconds.Median)
		}
	}
	return &r, nil
}

// comparable says what makes times of old another measurement.
func (r *report) comparable(old *report) error {
	was, is := old.Settings, r.Settings
	was.Warmup, was.Rounds, was.Calls = is.Warmup, is.Rounds, is.Calls // how often does not matter
	if was != is {
		return fmt.Errorf("not the same measurement: %+v; this one is %+v", was, is)
	}
	return nil
}

// slower is an error that lists the rows whose median is beyond the tolerance.
func (r *report) slower(old *report, tolerance float64) error {
	compared := 0
	var errs []error
	for i := range r.Rows {
		row := &r.Rows[i]
		before := old.find(row)
		if before == nil {
			continue
		}
		compared++
		if ratio := row.Milliseconds.Median / before.Milliseconds.Median; !(ratio <= 1+tolerance) {
			errs = append(errs, fmt.Errorf("%s of %d structures, %s on %s: %.3g ms, %.2f times the %.3g ms before",
				row.Quantity, row.Batch, row.Model, row.Device, row.Milliseconds.Median, ratio, before.Milliseconds.Median))
		}
	}
	switch {
	case compared == 0:
		return errors.New("nothing to compare: the earlier run has none of these models, devices and batches of the same atoms")
	case len(errs) > 0:
		return fmt.Errorf("slower beyond the tolerance of %v:\n%w", tolerance, errors.Join(errs...))
	}
	return nil
}

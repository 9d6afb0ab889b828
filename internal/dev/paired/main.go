// Command paired compares two binaries of painless, an older and a newer one, in
// turns on one machine, and fails where the newer takes longer: make
// bench-release runs it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

func main() {
	base := flag.String("base", "", "`binary` to compare with")
	head := flag.String("head", "", "`binary` that may not be slower")
	models := flag.String("model", "testdata/tiny.pt,testdata/original.pt", "checkpoint `files`, with commas between, that both read")
	structure := flag.String("structure", "testdata/ethanol.xyz", "XYZ `file` whose first energy is waited for")
	rounds := flag.Int("rounds", 10, "`turns` of each binary")
	tolerance := flag.Float64("tolerance", 0.1, "how much longer a call may take: 0.1 is 10 %")
	flag.Parse()
	if err := run([2]string{*base, *head}, *models, *structure, *rounds, *tolerance); err != nil {
		fmt.Fprintf(os.Stderr, "paired: %v\n", err)
		os.Exit(1)
	}
}

func run(binaries [2]string, models, structure string, rounds int, tolerance float64) error {
	if binaries[0] == "" || binaries[1] == "" || rounds < 1 {
		return fmt.Errorf("expected -base BINARY -head BINARY and at least one round")
	}
	var t table
	for round := range rounds {
		for turn := range 2 {
			side := (round + turn) % 2 // neither is always first
			if err := measure(&t, side, binaries[side], models, structure); err != nil {
				return fmt.Errorf("%s: %w", binaries[side], err)
			}
		}
	}
	if err := t.complete(rounds); err != nil {
		return err
	}
	slower := t.slower(tolerance)
	fmt.Print(t.text(slower))
	if len(slower) > 0 {
		return fmt.Errorf("%d of %d calls take more than %g %% longer", len(slower), len(t.rows), 100*tolerance)
	}
	return nil
}

// measure adds a turn of one binary: what calls take on one thread, as several wait
// for one another where other work takes a core, and what a process takes
// from its start to the first energy.
func measure(t *table, side int, binary, models, structure string) error {
	out, err := exec.Command(binary, "bench", "-json", "-threads", "1", "-model", models, "-batch", "1,16", "-calls", "20", "-rounds", "3").Output()
	if err != nil {
		return explain(err)
	}
	var report struct {
		Rows []struct {
			Model, Quantity string
			Batch           int
			MS              struct{ Median float64 }
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return fmt.Errorf("bench -json: %w", err)
	}
	for _, r := range report.Rows {
		t.add(side, r.Model+", "+r.Quantity+" of "+strconv.Itoa(r.Batch), r.MS.Median)
	}
	for model := range strings.SplitSeq(models, ",") {
		begin := time.Now()
		if err := exec.Command(binary, "predict", "-model", model, structure).Run(); err != nil {
			return explain(err)
		}
		t.add(side, "start to first energy, "+model, float64(time.Since(begin))/1e6)
	}
	return nil
}

// explain is an error of a process with what it printed.
func explain(err error) error {
	if failed, ok := err.(*exec.ExitError); ok {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(failed.Stderr)))
	}
	return err
}

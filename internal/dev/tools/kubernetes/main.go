// Command kubernetes reads Jobs in YAML as Kubernetes' API does, with its own
// types: a field that there is not, or that stands twice, or is of another kind
// is an error.
package main

import (
	"fmt"
	"os"

	batch "k8s.io/api/batch/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	for _, path := range os.Args[1:] {
		if err := check(path); err != nil {
			fmt.Fprintf(os.Stderr, "kubernetes: %s: %v\n", path, err)
			os.Exit(1)
		}
	}
}

func check(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var job batch.Job
	if err := yaml.UnmarshalStrict(text, &job); err != nil {
		return err
	}
	if job.APIVersion != "batch/v1" || job.Kind != "Job" {
		return fmt.Errorf("expected a Job of batch/v1, found %s of %s", job.Kind, job.APIVersion)
	}
	if n := len(job.Spec.Template.Spec.Containers); n != 1 {
		return fmt.Errorf("expected one container, found %d", n)
	}
	return nil
}

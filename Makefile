# make run, make test: each does all its own set-up. Debian packages are installed only when missing.
.PHONY: run lib install lammps kim test test-pure test-variants interop fuzz bench bench-ase bench-hosts bench-md bench-train bench-peers bench-quantised bench-release ptx gpu-bundle testdata release test-release reproduce lint-deploy module clean

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
APT = missing=$$(for p in $(1); do dpkg -s $$p >/dev/null 2>&1 || echo $$p; done); \
	[ -z "$$missing" ] || { $(SUDO) apt-get update && \
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $$missing; }

# The default student relaxes ethanol, and moves it for a picosecond. GFN2-xTB's energy is of xtb 6.5.1, relaxed from the same start.
run:
	go build -o bin/painless ./tools/painless
	bin/painless relax -o bin/ethanol.xyz testdata/ethanol.xyz
	@echo '(GFN2-xTB, which the student learned from, relaxes it to -309.988504 eV)'
	bin/painless md -temperature 300 -dt 0.5 -steps 2000 bin/ethanol.xyz

# The C library, LIB/libpainless.so, for Linux; TAGS=cuda builds it for GPUs. Programs see its functions, and nothing of Go.
LIB = bin
STAMP = -s -w
lib:
	@command -v gcc >/dev/null || { $(call APT,gcc libc6-dev); }
	CGO_ENABLED=1 go build -buildmode=c-shared -trimpath -tags "$(TAGS)" -o $(LIB)/libpainless.so -ldflags "$(STAMP) \
		-extldflags '-Wl,-soname,libpainless.so.0 -Wl,--version-script=$(CURDIR)/hosts/c/painless.map'" ./hosts/c
	@rm -f $(LIB)/libpainless.h && ln -sf libpainless.so $(LIB)/libpainless.so.0 # painless.h is written by hand

# The library, painless.h, painless.pc and ASE's calculator under PREFIX; and what make lammps and make kim have built, where they have.
PREFIX = /usr/local
VERSION = $(shell sed -n 's/^## \([0-9.]*\) .*/\1/p' CHANGELOG.md | head -1)
install: lib
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,lib/pkgconfig include share/painless)
	install -m 755 $(LIB)/libpainless.so $(DESTDIR)$(PREFIX)/lib/libpainless.so.0
	ln -sf libpainless.so.0 $(DESTDIR)$(PREFIX)/lib/libpainless.so
	install -m 644 hosts/c/painless.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 hosts/ase/painless_ase.py $(DESTDIR)$(PREFIX)/share/painless/
	sed 's#@VERSION@#$(VERSION)#' hosts/c/painless.pc.in >$(DESTDIR)$(PREFIX)/lib/pkgconfig/painless.pc
	[ ! -f $(LIB)/lmp_painless ] || install -D -m 755 $(LIB)/lmp_painless $(DESTDIR)$(PREFIX)/bin/lmp_painless
	[ ! -f $(LIB)/painlessplugin.so ] || install -m 755 $(LIB)/painlessplugin.so $(DESTDIR)$(PREFIX)/lib/
	[ ! -f $(LIB)/kim/model.so ] || { install -D -m 755 $(LIB)/kim/model.so $(LIB)/kim/painless-kim -t $(DESTDIR)$(PREFIX)/lib/kim && \
		install -D -m 755 $(LIB)/kim/model-drivers/painless/*.so -t $(DESTDIR)$(PREFIX)/lib/kim/model-drivers/painless; }

# LAMMPS's pair_style painless: LIB/lmp_painless, which is Debian's LAMMPS with it, and LIB/painlessplugin.so. With LAMMPS=DIR the
# plugin alone, for the LAMMPS whose source folder src is DIR. Fetches LAMMPS's headers; nothing of LAMMPS is in this repository.
LAMMPS =
lammps: lib
	@$(call APT,g++ libopenmpi-dev openmpi-bin lammps)
	hosts/lammps/src/build.sh "$(LIB)" $(LAMMPS)

# KIM's model driver painless, in LIB/kim, with the script that makes models of checkpoints. Nothing of KIM is in this repository.
kim: lib
	@$(call APT,gcc g++ libc6-dev pkg-config libkim-api-dev)
	hosts/kim/src/build.sh "$(LIB)"

# gcc and libhdf5-dev are for HDF5; ASE reads what we write. GODEBUG takes AVX-512 away and purego all vector code, so
# that each set is tested where the machine has a better one.
test:
	@$(call APT,gcc libc6-dev libhdf5-dev python3-ase)
	PAINLESS_REQUIRE_ASE=1 go test -tags hdf5 ./...
	GODEBUG=cpu.avx512f=off go test -skip 'GPU|Torch' ./nn ./train
	go test -tags purego -skip 'GPU|Torch' ./kernels/cpu ./nn ./train

# What holds on any system, without a C compiler and without anything installed.
test-pure: export CGO_ENABLED = 0
test-pure:
	go build ./...
	go test ./...

# The same tests without a C compiler, under the race detector, and as arm64 in an emulator, each of which builds everything
# again; and all golden structures with the GPU's kernels.
test-variants:
	@$(call APT,gcc libc6-dev qemu-user)
	CGO_ENABLED=0 go test ./data/hdf5... ./internal/commands/dataset... ./internal/commands/validate
	PAINLESS_LONG=1 go test -run GPUGolden ./nn
	CGO_ENABLED=1 go test -race -short -run 'Deterministic|BatchEquals|ComputeStops|Shards' ./nn ./train
	GOARCH=386 go build ./...
	GOARCH=386 go test -short ./atoms
	GOARCH=arm64 go build ./...
	CGO_ENABLED=0 GOARCH=arm64 go test -short -timeout 30m -exec qemu-aarch64 ./kernels/...
	CGO_ENABLED=0 GOARCH=arm64 go test -short -timeout 30m -skip GPU -exec qemu-aarch64 ./nn

ONNX = command -v npm >/dev/null || { $(call APT,nodejs npm); }; cd internal/dev/peers && \
	{ [ -d node_modules/onnxruntime-node ] || npm install --no-audit --no-fund --no-package-lock --ignore-scripts; }

# PyTorch, h5py, ASE, MDAnalysis and mdtraj open what we write, ONNX Runtime runs it, ASE and LAMMPS move atoms alike, and LAMMPS computes with us
# on several ranks; users need it never.
interop:
	@$(call APT,gcc g++ libc6-dev pkg-config valgrind libhdf5-dev python3-torch python3-h5py python3-ase python3-pytest python3-netcdf4 python3-mdanalysis python3-mdtraj lammps libkim-api-dev libopenmpi-dev openmpi-bin zsh fish)
	@$(ONNX)
	PAINLESS_REQUIRE_INTEROP=1 go test -tags hdf5 -count=1 -timeout 30m -run 'Torch|ONNXRuntime|H5py|Interop' ./checkpoint ./data/... ./export/... ./hosts/... ./md ./internal/commands/... ./internal/dev/cases ./internal/dev/peers ./train

# Every fuzz test for FUZZTIME: a new input that fails one is written to its testdata.
FUZZTIME = 1m
fuzz:
	@$(call APT,gcc libc6-dev libhdf5-dev)
	@grep -rho --include='*_test.go' --exclude-dir=bin -e '^func Fuzz[A-Za-z0-9]*' -H . | sed 's#^[.]/\(.*\)/[^/]*:func \(.*\)#\1 \2#' | \
	while read -r dir name; do echo "$$dir $$name"; go test -tags hdf5 "./$$dir" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x || exit 1; done

# Every student and size, on one core and all.
bench:
	go test ./nn -run '^$$' -bench . -timeout 60m

# Molecular dynamics: what a step of each ensemble costs without the forces, and whole steps with a student.
bench-md:
	go test ./md ./internal/commands/md -run '^$$' -bench 'Step|Simulation' -timeout 30m

# What ASE's calculator and the socket client cost beside the computation, in turns, on one core.
bench-hosts: lib
	@$(call APT,python3-ase)
	go build -o bin/painless ./tools/painless
	PAINLESS_LIBRARY=$(LIB)/libpainless.so PYTHONPATH=hosts/ase PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 internal/dev/hosts/bench.py bin/painless testdata/original.pt testdata/ethanol.xyz

# Steps per second of painless md, of ASE with painless's forces, and of ASE with PyTorch's: make bench-ase [SECONDS=60 ROUNDS=2]
bench-ase: lib
	@$(call APT,python3-ase python3-torch)
	go build -o bin/painless ./tools/painless
	bin/painless convert -force default bin/default.pt
	/usr/bin/python3 internal/dev/dynamics/bench.py bin/painless bin/default.pt $(SECONDS) $(ROUNDS)

# Training beside PyTorch's, in turns: make bench-train TRAIN=train.xyz VALID=valid.xyz [SECONDS=60 ROUNDS=2 SIZE=64,2,12 THREADS=1]
SECONDS = 60
ROUNDS = 2
SIZE = 64,2,12
THREADS = 1
bench-train:
	@test -n "$(TRAIN)" -a -n "$(VALID)" || { echo "expected labelled structures: make bench-train TRAIN=train.xyz VALID=valid.xyz"; exit 1; }
	@$(call APT,python3-torch)
	go build -o bin/painless ./tools/painless
	/usr/bin/python3 internal/dev/training/bench.py bin/painless "$(TRAIN)" "$(VALID)" $(SECONDS) $(ROUNDS) $(SIZE) $(THREADS)

# painless beside PyTorch and ONNX Runtime, in turns; writes docs/benchmarks/cpu-DATE.json.
bench-peers:
	@$(call APT,python3-torch)
	@$(ONNX)
	go run ./internal/dev/peers

# What quantised students cost and gain (docs/quantisation.md): make bench-quantised QUANTISED="NAME=STUDENT,CALIBRATION,TEST …" [RESULTS=bin/quantised].
# It goes on where it stopped.
RESULTS = bin/quantised
bench-quantised:
	@test -n "$(QUANTISED)" || { echo "expected students and structures: make bench-quantised QUANTISED=NAME=STUDENT,CALIBRATION,TEST"; exit 1; }
	@$(ONNX)
	go run ./internal/dev/quantisation -o $(RESULTS) $(QUANTISED)

# Compiles the CUDA kernels to the PTX that the binaries embed; byte-identical on any machine.
ptx:
	@$(call APT,clang-19)
	go generate ./kernels/gpu

# The working tree beside the last release, or BASE=COMMIT, in turns: fails where a call takes more than 10 % longer.
bench-release:
	@set -e; base="$(BASE)"; [ -n "$$base" ] || base=$$(git describe --tags --abbrev=0 --match 'v*' HEAD^ 2>/dev/null) || \
		{ echo "there is no release yet that could be compared with: BASE=COMMIT names another"; exit 0; }; \
	rm -rf bin/base; mkdir -p bin/base; trap 'rm -rf bin/base' EXIT; git archive "$$base" | tar -x -C bin/base; \
	(cd bin/base && CGO_ENABLED=0 go build -trimpath -o ../painless-base ./tools/painless); CGO_ENABLED=0 go build -trimpath -o bin/painless ./tools/painless; \
	go run ./internal/dev/paired -base bin/painless-base -head bin/painless

# Tests and benchmarks for a GPU, in bin/gpu-bundle: binaries that run on another Linux machine that has only the
# driver, and run.sh, which runs them all in parts. CUDA's header and link stub are in Debian's non-free component.
BUNDLE = bin/gpu-bundle
gpu-bundle:
	@dpkg -s nvidia-cuda-dev >/dev/null 2>&1 || ! apt-cache policy nvidia-cuda-dev | grep -q 'Candidate: (none)' || \
		{ echo "nvidia-cuda-dev is not to be had: add 'contrib non-free' to the components of /etc/apt/sources.list.d/debian.sources"; exit 1; }
	@$(call APT,gcc libc6-dev nvidia-cuda-dev)
	rm -rf $(BUNDLE) && mkdir -p $(addprefix $(BUNDLE)/src/,nn kernels/gpu/cuda internal/dev/peers internal/dev/golden)
	export CGO_ENABLED=1 CGO_LDFLAGS="-L/usr/lib/x86_64-linux-gnu/stubs"; set -e; \
	go vet -tags cuda . ./kernels/gpu/... ./nn ./internal/... ./tools/painless; go test -tags cuda . ./kernels/gpu/cuda; \
	for p in nn kernels/gpu kernels/gpu/cuda; do go test -c -tags cuda -trimpath -ldflags '-s -w' -o $(BUNDLE)/src/$$p/$$(basename $$p).test ./$$p; done; \
	for p in internal/dev/peers tools/painless; do go build -tags cuda -trimpath -ldflags '-s -w' -o $(BUNDLE)/$$(basename $$p) ./$$p; done
	cp -r testdata $(BUNDLE)/src/ && cp kernels/gpu/ceilings.ptx $(BUNDLE)/src/kernels/gpu/
	cd internal/dev && cp peers/torch_peer.py peers/best.py peers/export.py $(CURDIR)/$(BUNDLE)/src/internal/dev/peers/ && cp golden/model.py $(CURDIR)/$(BUNDLE)/src/internal/dev/golden/
	if [ -d ../shared/models ]; then mkdir -p $(BUNDLE)/shared; mkdir $(BUNDLE)/shared/models; cp -r ../shared/golden $(BUNDLE)/shared/; cp ../shared/models/original.pt ../shared/models/tiny.pt ../shared/models/ultra_tiny.pt $(BUNDLE)/shared/models/; fi # trained students, where they are
	cp internal/dev/bundle/run.sh $(BUNDLE)/ && du -sh $(BUNDLE)

# Makes testdata/ again with PyTorch; with the versions in testdata/VERSIONS, byte-identical but for the last digits, which depend on the CPU.
testdata:
	@$(call APT,python3-torch python3-ase)
	/usr/bin/python3 internal/dev/golden/generate.py testdata

# What a release consists of, in bin/release: make release [VERSION=0.1.0-rc1 TARGETS=linux/amd64,…]. internal/dev/release makes it.
TOOLS = $(CURDIR)/bin/tools
TARGETS = linux/amd64,linux/arm64,darwin/arm64,windows/amd64
release: $(TOOLS)
	@$(call APT,git gcc libc6-dev gcc-aarch64-linux-gnu libc6-dev-arm64-cross)
	go run ./internal/dev/release -version "$(VERSION)" -targets "$(TARGETS)" -tools "$(TOOLS)"

# nfpm, cyclonedx-gomod, actionlint and a check of Kubernetes Jobs, of versions that are theirs alone: nothing of them is in go.mod.
$(TOOLS): $(wildcard internal/dev/tools/go.* internal/dev/tools/*/*.go)
	go build -C internal/dev/tools -trimpath -buildvcs=false -o $(TOOLS)/ tool
	@touch $(TOOLS)

# Makes the release again in another folder, of what is committed and with nothing of the first one's compiled, and compares every byte.
reproduce: release
	@[ -z "$$(git status --porcelain)" ] || { echo "expected a tree as it is committed: git status"; exit 1; }
	@set -e; again=$$(mktemp -d); trap 'chmod -R u+w "$$again"; rm -rf "$$again"' EXIT; git clone -q . "$$again/painless"; \
	GOCACHE=$$again/cache $(MAKE) -C "$$again/painless" -o "$(TOOLS)" release VERSION="$(VERSION)" TARGETS="$(TARGETS)" TOOLS="$(TOOLS)"; \
	diff -r bin/release "$$again/painless/bin/release" && echo "the same bytes, built twice: $$(wc -l <bin/release/SHA256SUMS) files"

# Installs and runs what is in bin/release, of candidate 0 of the next version: the tarball, the wheel with ASE, the Debian package in
# a chroot, the container, and under an emulator what is for ARM. As root, or with sudo.
test-release: TARGETS = linux/amd64,linux/arm64
test-release: VERSION := $(VERSION)-rc0
test-release: release
	@$(call APT,mmdebstrap debian-archive-keyring buildah python3-venv python3-pip python3-ase binutils qemu-user)
	go test -c -o bin/release.test ./internal/dev/release
	cd internal/dev/release && $(SUDO) env "PATH=$$PATH" GOFLAGS=-buildvcs=false PAINLESS_RELEASE="$(CURDIR)/bin/release" ../../../bin/release.test -test.run Released -test.v

# What in deploy and .github can only be read here, as there is no cluster and no forge: workflows, Jobs, scripts.
lint-deploy: $(TOOLS)
	@$(call APT,shellcheck)
	$(TOOLS)/actionlint
	$(TOOLS)/kubernetes deploy/kubernetes/*.yaml
	shellcheck deploy/install.sh deploy/slurm/*.sbatch

# Renames the module, for whoever publishes it: make module MODULE=host/owner/painless
module:
	@test -n "$(MODULE)" || { echo "expected the new name: make module MODULE=host/owner/painless"; exit 1; }
	@old=$$(go list -m) && go mod edit -module "$(MODULE)" && pattern=$$(echo "$$old" | sed 's/[.]/\\./g') && \
	find . -name '*.go' -not -path '*/node_modules/*' -exec \
	sed -i -E 's#^(import |[[:space:]]+)(([._[:alnum:]]+) )?"'"$$pattern"'(/[^"]*)?"$$#\1\2"$(MODULE)\4"#' {} + && \
	gofmt -w $$(grep -rl --include='*.go' '"$(MODULE)' .) && echo "renamed $$old to $(MODULE)"

clean:
	rm -rf bin

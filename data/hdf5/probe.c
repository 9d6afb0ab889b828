//go:build hdf5 && cgo

// libhdf5 crashes on some damaged files. So a child process does first whatever
// the reader will ask of it, and takes the fall.

#include "library.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_SECONDS = 10, MAX_MEMORY = 512 << 20, MAX_ATTRIBUTE = 1 << 20 };

// look_up asks for every chunk of a dataset.
static void look_up(hid_t dataset, int rank, const hsize_t *extent, const hsize_t *chunk)
{
	hsize_t at[MAX_RANK] = {0}, size;
	for (int n = 0; n < MAX_CHUNKS; n++) {
		H5Dget_chunk_storage_size(dataset, at, &size);
		int i = rank - 1;
		for (; i >= 0; i--) {
			if ((at[i] += chunk[i]) < extent[i] && chunk[i] > 0)
				break;
			at[i] = 0;
		}
		if (i < 0)
			return;
	}
}

// read_ends reads the first and the last value.
static void read_ends(hid_t dataset, hid_t space, hid_t type, int rank, const hsize_t *extent)
{
	hsize_t at[MAX_RANK] = {0}, one = 1;
	char value[MAX_WIDTH];
	hid_t memory = H5Screate_simple(1, &one, NULL);
	for (int last = 0; last < 2; last++) {
		for (int i = 0; i < rank; i++) {
			if (extent[i] == 0)
				goto done;
			at[i] = last ? extent[i] - 1 : 0;
		}
		if (H5Sselect_elements(space, H5S_SELECT_SET, 1, at) >= 0)
			H5Dread(dataset, type, memory, space, H5P_DEFAULT, value);
	}
done:
	H5Sclose(memory);
}

static void probe_dataset(hid_t file, const char *path)
{
	storage s;
	hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT);
	if (dataset < 0)
		return;
	hid_t type = H5Dget_type(dataset);
	H5Tequal(type, H5T_IEEE_F64LE);
	size_t width = H5Tget_size(type);
	if (describe(dataset, width, &s) >= 0 && s.external == 0 && s.layout != H5D_VIRTUAL) {
		hid_t space = H5Dget_space(dataset);
		hsize_t extent[H5S_MAX_RANK];
		int rank = H5Sget_simple_extent_ndims(space);
		if (rank > 0 && rank <= MAX_RANK && H5Sget_simple_extent_dims(space, extent, NULL) == rank) {
			if (s.layout != H5D_CHUNKED)
				read_ends(dataset, space, type, rank, extent);
			else if (s.rank == rank)
				look_up(dataset, rank, extent, s.chunk);
		}
		H5Sclose(space);
	}
	H5Tclose(type);
	H5Dclose(dataset);
}

static void probe_attribute(hid_t group, const char *name)
{
	hid_t attribute = H5Aopen(group, name, H5P_DEFAULT);
	if (attribute < 0)
		return;
	hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
	hssize_t n = H5Sget_simple_extent_npoints(space);
	size_t size = H5Tget_size(type);
	if (n >= 0 && size > 0 && (size_t)n <= MAX_ATTRIBUTE / size) {
		char *values = calloc(n + 1, size);
		if (H5Aread(attribute, type, values) >= 0 && H5Tis_variable_str(type) > 0) {
			volatile size_t length = 0;
			for (hssize_t i = 0; i < n; i++)
				if (((char **)values)[i] != NULL)
					length += strlen(((char **)values)[i]);
			H5Dvlen_reclaim(type, space, H5P_DEFAULT, values);
		}
		free(values);
	}
	H5Sclose(space);
	H5Tclose(type);
	H5Aclose(attribute);
}

// damaged ends the child. Where listing fails, libhdf5 releases a table that it has
// only begun to fill: that goes well or not by chance, so the reader must not try.
static void damaged(void) { _exit(PROBE_DAMAGED); }

static void probe_group(hid_t file, const char *path)
{
	hid_t group = H5Gopen2(file, path, H5P_DEFAULT);
	H5G_info_t info;
	char name[MAX_NAME];
	if (group < 0)
		return;
	int n = attributes(group);
	if (n < 0)
		damaged();
	for (int i = 0; i < n; i++) {
		if (attribute_name(group, i, name, sizeof name) < 0)
			damaged();
		probe_attribute(group, name);
	}
	if (H5Gget_info(group, &info) < 0)
		damaged();
	for (hsize_t i = 0; i < info.nlinks; i++)
		if (H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT) < 0)
			damaged();
	H5Gclose(group);
}

static void probe_file(const char *path, const char *names)
{
	hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
	if (file < 0)
		return;
	probe_group(file, "/");
	for (; *names; names += strlen(names) + 1) {
		if (link_kind(file, names) != LINK_HARD)
			continue;
		switch (object_kind(file, names)) {
		case H5I_GROUP:
			probe_group(file, names);
			break;
		case H5I_DATASET:
			probe_dataset(file, names);
			break;
		}
	}
	H5Fclose(file);
}

static herr_t is_memory(unsigned n, const H5E_error2_t *error, void *found)
{
	if (error->maj_num == H5E_RESOURCE)
		*(int *)found = 1;
	return 0;
}

// on_error ends the child where libhdf5 got no memory.
static herr_t on_error(hid_t stack, void *unused)
{
	int found = 0;
	H5Ewalk2(stack, H5E_WALK_UPWARD, is_memory, &found);
	if (found)
		_exit(PROBE_MEMORY);
	return 0;
}

// limit bounds what the child takes beyond what it has.
static void limit(void)
{
	struct rlimit no_core = {0, 0}, seconds = {MAX_SECONDS, MAX_SECONDS + 1}; // of the CPU
	setrlimit(RLIMIT_CORE, &no_core);
	setrlimit(RLIMIT_CPU, &seconds);
	unsigned long long pages;
	FILE *f = fopen("/proc/self/statm", "r");
	if (f != NULL && fscanf(f, "%llu", &pages) == 1) {
		rlim_t bytes = pages * sysconf(_SC_PAGESIZE) + MAX_MEMORY;
		struct rlimit memory = {bytes, bytes};
		setrlimit(RLIMIT_AS, &memory);
	}
	if (f != NULL)
		fclose(f);
	H5Eset_auto2(H5E_DEFAULT, on_error, NULL);
}

int probe(const char *path, const char *names)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); // Go's handlers are not for the child
	pid_t child = fork();
	int error = errno;
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);
		for (int s = 1; s < NSIG; s++)
			signal(s, SIG_DFL);
		sigemptyset(&all);
		pthread_sigmask(SIG_SETMASK, &all, NULL);
		dup2(null, 1);
		dup2(null, 2); // where a failing malloc complains
		limit();
		probe_file(path, names);
		_exit(0);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (child < 0)
		return -error;
	int status;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

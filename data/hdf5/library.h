// What the binding does not offer of libhdf5.
#include <hdf5.h>

// settle has libhdf5 keep no free lists and the C library fill what it hands out:
// memory that nobody has written is then the same for the reader as for the child
// process that tried the file before it, and what that survives the reader does.
void settle(void);

// last_error is the innermost of the errors of the last call, or an empty text.
void last_error(char *text, size_t size);

enum { LINK_NONE, LINK_HARD, LINK_OTHER, LINK_DAMAGED };

// link_kind is one of the above for the last link of a path.
int link_kind(hid_t file, const char *path);

// object_kind is an H5I_type_t.
int object_kind(hid_t file, const char *path);

enum { MAX_FILTERS = 8, MAX_RANK = 3, MAX_WIDTH = 8, MAX_CHUNKS = 1 << 17, MAX_NAME = 256 };

typedef struct {
	int layout; // an H5D_layout_t
	int external; // files beside this one
	int stored; // whether anything was written
	int rank; // of the chunks
	hsize_t chunk[MAX_RANK];
	int filters;
	int filter[MAX_FILTERS];
	char filter_name[MAX_FILTERS][32];
	unsigned char fill[MAX_WIDTH]; // a value that was never written
} storage;

// describe says how a dataset of values of width bytes is stored; chunk holds
// the first of the dimensions where there are more than MAX_RANK.
herr_t describe(hid_t dataset, size_t width, storage *s);

// add_bools makes an enumeration of one byte the one that h5py takes for bool.
herr_t add_bools(hid_t type);

// attributes is their number at an object, negative where it is damaged.
int attributes(hid_t object);

// attribute_name is the name of attribute i in the order of the names.
herr_t attribute_name(hid_t object, hsize_t i, char *name, size_t size);

enum { PROBE_DAMAGED = 254, PROBE_MEMORY = 255 };

// probe tries what the reader does with the objects of a file, whose names
// follow one another and end with an empty one, in a child process. It returns
// 0, the signal that ended the child, PROBE_DAMAGED where it could not list what a
// group has, PROBE_MEMORY where it took too much, or a negative errno.
int probe(const char *path, const char *names);

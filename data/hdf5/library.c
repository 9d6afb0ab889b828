//go:build hdf5 && cgo

#include "library.h"

#include <stdio.h>

struct text {
	char *at;
	size_t size;
};

static herr_t keep_first(unsigned n, const H5E_error2_t *error, void *to)
{
	struct text *t = to;
	if (n == 0 && error->desc != NULL)
		snprintf(t->at, t->size, "%s", error->desc);
	return 0;
}

void last_error(char *text, size_t size)
{
	struct text t = {text, size};
	text[0] = 0;
	H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &t);
}

herr_t add_bools(hid_t type)
{
	signed char no = 0, yes = 1;
	return H5Tenum_insert(type, "FALSE", &no) < 0 || H5Tenum_insert(type, "TRUE", &yes) < 0 ? -1 : 0;
}

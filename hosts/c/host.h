/* What host.c and the Go code have of each other. */
#ifndef PAINLESS_HOST_H
#define PAINLESS_HOST_H

#include "painless.h"

void painless_set_message(const char *text, size_t length);

#endif

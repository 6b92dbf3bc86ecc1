/* collection.h - what the commands of the family `parley collection` share. */
#ifndef PARLEY_CMD_COLLECTION_H
#define PARLEY_CMD_COLLECTION_H

#include "cmd/remote.h"

/* "ROOT/collections/COLLECTION/". False: too long, or no id or alias. */
bool collection_url(const char *root, const char *collection, char out[REMOTE_URL]);

#endif

/* The little of XML that requests of the command have and that it reads in answers. */
#ifndef XML_H
#define XML_H

/* A text as it is written in an element; to be freed. */
char *xml_escaped(const char *text);

/* What follows the next start of an element of this name, or NULL. */
const char *xml_next(const char *xml, const char *name);

/* The text of the next element of this name, to be freed, or NULL. */
char *xml_text(const char *xml, const char *name);

#endif

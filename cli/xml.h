/* The little of XML that the command reads in answers. */
#ifndef XML_H
#define XML_H

/* What follows the next start of an element of this name, or NULL. */
const char *xml_next(const char *xml, const char *name);

/* The text of the next element of this name, to be freed, or NULL. */
char *xml_text(const char *xml, const char *name);

#endif

/*
 * netflow.h - NetFlow v5 and v9 and IPFIX messages, from a file or out of datagrams, to events.
 *
 * RFC 7011 (IPFIX), RFC 5103 (biflows), RFC 3954 (v9), Cisco's v5. A frame is one message; a
 * datagram's comes with READER_ORIGIN bytes before it that say who sent it, so that the templates
 * and sequence numbers of many exporters on one port are kept apart.
 *
 * Templates are the exporter's word and may lie: each is bounded, must give a record a length, and
 * replaces or withdraws the one before it; where it is bad, the older one goes too, for the data to
 * come is no longer its. Data without a template, lost sequence numbers and the like are noted by
 * rule. The time of a flow is that of its last packet. Does not orient.
 */
#ifndef PARLEY_SENSOR_NETFLOW_H
#define PARLEY_SENSOR_NETFLOW_H

#include "sensor/reader.h"

enum {
    NETFLOW_TEMPLATES = 1024, /* of all exporters of a source; a router has some ten */
    NETFLOW_STREAMS = 256,    /* exporter and observation domain, whose sequence is watched */
    NETFLOW_FIELDS = 512,     /* of a template */
    NETFLOW_RECORD = 65535,   /* bytes of a record: what a length field can say */
};

extern const struct reader_format netflow_format;

#endif

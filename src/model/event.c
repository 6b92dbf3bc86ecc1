#include "model/event.h"

static const char *const services[SERVICE_COUNT] = {"none", "ssh", "smb", "rdp",
                                                    "http", "tls", "sip"};

const uint8_t service_ports[SERVICE_PORTS] = {
    [22] = SERVICE_SSH,  [139] = SERVICE_SMB,   [445] = SERVICE_SMB,   [3389] = SERVICE_RDP,
    [80] = SERVICE_HTTP, [8000] = SERVICE_HTTP, [8080] = SERVICE_HTTP, [8088] = SERVICE_HTTP,
    [443] = SERVICE_TLS, [5060] = SERVICE_SIP,  [5061] = SERVICE_SIP,
};

const char *service_name(enum service s)
{
    return services[s];
}

enum service service_by_name(struct bytes name)
{
    if (name.len < 3 || name.len > 4) /* asked for every line, and most are none of these */
        return SERVICE_NONE;
    for (int s = SERVICE_SSH; s < SERVICE_COUNT; s++)
        if (bytes_is(name, services[s]))
            return (enum service)s;
    return SERVICE_NONE;
}

const char *event_text_name(enum event_text t)
{
    static const char *const names[EVENT_TEXT_COUNT] = {"type", "host", "url",       "agent",
                                                        "name", "sni",  "ja3",       "sha256",
                                                        "sha1", "md5",  "signature", "began"};

    return names[t];
}

const char *transport_name(enum transport t)
{
    static const char *const names[] = {"none", "tcp", "udp", "other"};

    return names[t];
}

const char *orient_ground_name(enum orient_ground g)
{
    static const char *const names[ORIENT_GROUNDS] = {
        "none",         "dest-serves", "src-serves",   "own-dest",         "own-src",
        "record-order", "handshake",   "zeek-orig",    "biflow-initiator", "flow-src",
        "flow-dest",    "flow-id-src", "flow-id-dest", "accepted"};

    return names[g];
}

const char *side_name(enum side s)
{
    return s == SIDE_OWN ? "own" : s == SIDE_OTHER ? "other" : "none";
}

const char *proof_name(enum proof p)
{
    return p != PROOF_NONE ? "two-way" : "none";
}

const char *caution_name(enum caution c)
{
    static const char *const names[CAUTION_KINDS] = {"warning", "vpn", "tor", "scanner"};

    return names[c];
}

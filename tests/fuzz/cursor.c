/* Fuzzes base/cursor.c: whatever the bytes say, nothing is read past their end. */
#include "base/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor in = cursor_over(bytes_of(data, size), "fuzz");

    while (cursor_ok(&in) && cursor_left(&in) != 0) {
        uint8_t digest[32];

        switch (cursor_u8(&in) % 6) {
        case 0:
            cursor_line(&in);
            break;
        case 1:
            cursor_decimal_line(&in, INT64_MAX);
            break;
        case 2:
            cursor_base64_line(&in, digest, sizeof digest);
            break;
        case 3:
            cursor_part(&in, 1000);
            break;
        case 4:
            cursor_u64(&in);
            break;
        default:
            cursor_until(&in, 0);
        }
    }
    cursor_end(&in);
    return 0;
}

// Annotations of a Node by which other nodes reach its pods. Only the node itself may set them (NodeRestriction).

/** Its WireGuard public key: 32 bytes in base64. */
export const nodeLinkKey = 'bulkhead.dev/wireguard-public-key'
/** The UDP port on which it receives WireGuard packets. */
export const nodeLinkPort = 'bulkhead.dev/wireguard-port'

/** A Curve25519 key in base64: 43 characters and padding. */
const keyPattern = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/

export const isPublicKey = (text: string): boolean => keyPattern.test(text)

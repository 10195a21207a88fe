// Content digests as OCI writes them (image-spec, descriptor.md): `sha256:` and 64 hex digits, or `sha512:` and 128.
const form = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/

/** `sha256:…` or `sha512:…`, in lower case. */
export type Digest = `sha256:${string}` | `sha512:${string}`

export const isDigest = (text: string): text is Digest => form.test(text)

// The PKCS#10 request inside a CertificateSigningRequest.

/** What is wrong with a base64 PEM request; undefined where it has the right frame. The signature is checked by whoever signs. */
export function requestProblem(request: string): string | undefined {
  const text = Buffer.from(request, 'base64').toString('latin1')
  const block = /-----BEGIN ([^-\r\n]+)-----\s*([A-Za-z0-9+/=\s]+)-----END \1-----/.exec(text)
  if (block?.[1] !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST'
  const der = Buffer.from(block[2] ?? '', 'base64')
  // A request is an ASN.1 SEQUENCE.
  return der[0] === 0x30 ? undefined : "asn1: structure error: tags don't match"
}

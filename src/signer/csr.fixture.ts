// Creates a CSR for any key, for tests; written in plain DER so that tests do not depend on the code under test.
import { type KeyObject, sign } from 'node:crypto'

const element = (tag: number, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}

const signatureOid = { ec: '2a8648ce3d040302', rsa: '2a864886f70d01010b' }

/** `subject` is a common name; `privateKey` signs, and a test may use a wrong one. */
export function createTestCsr(keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }, subject = 'test'): Buffer {
  const name = element(0x30, element(0x31, element(0x30, element(0x06, Buffer.from('550403', 'hex')), element(0x0c, Buffer.from(subject)))))
  const spki = keys.publicKey.export({ type: 'spki', format: 'der' })
  const info = element(0x30, element(0x02, Buffer.from([0])), name, spki, element(0xa0))
  const kind = keys.publicKey.asymmetricKeyType === 'rsa' ? 'rsa' : 'ec'
  const algorithm = element(0x30, element(0x06, Buffer.from(signatureOid[kind], 'hex')), ...(kind === 'rsa' ? [element(0x05)] : []))
  return element(0x30, info, algorithm, element(0x03, Buffer.from([0]), sign('sha256', info, keys.privateKey)))
}

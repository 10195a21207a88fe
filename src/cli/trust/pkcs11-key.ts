// The public key of a key pair in a PKCS#11 token (a smart card, an HSM), read by OpenSSL with its provider. The private key never leaves the token.
import { execFile } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { promisify } from 'node:util'
import { messageOf, UserError } from '../../base/user-error.ts'

/** RFC 7512. */
const maxUriLength = 1024
const readMs = 30_000
const maxPemBytes = 64 * 1024

/** What the token is asked for, and the name that the key gets. */
export interface Pkcs11Key {
  readonly name: string
  readonly uri: string
}

export const isPkcs11 = (text: string): boolean => text.startsWith('pkcs11:')

/** Throws a UserError if the URI names no object, or has a PIN, which other users of the machine would see. */
export function parsePkcs11(text: string): Pkcs11Key {
  const shown = text.slice(0, 100)
  if (text.length > maxUriLength) throw new UserError(`"${shown}…" has more than ${maxUriLength} characters`)
  if (!/^pkcs11:[A-Za-z0-9;=%._~:@!$&'()*+,/?-]*$/.test(text))
    throw new UserError(`"${shown}" is no PKCS#11 URI, such as pkcs11:token=release;object=cosign`)
  if (/[?&;]pin-(?:value|source)=/.test(text)) throw new UserError(`"${shown.split('?')[0]}": leave out the PIN, a public key needs none`)
  const attributes = new Map(
    (text.slice('pkcs11:'.length).split('?')[0] ?? '').split(';').map(pair => {
      const equals = pair.indexOf('=')
      return [pair.slice(0, Math.max(equals, 0)), pair.slice(equals + 1)] as const
    }),
  )
  const object = attributes.get('object')
  if (object === undefined || object === '') throw new UserError(`"${shown}" must name the key: pkcs11:token=release;object=cosign`)
  const type = attributes.get('type')
  if (type !== undefined && type !== 'public') throw new UserError(`"${shown}": type must be public, or be left out`)
  return {
    name: decoded(object, shown),
    uri: type === undefined ? text.replace('?', ';type=public?').concat(text.includes('?') ? '' : ';type=public') : text,
  }
}

function decoded(text: string, shown: string): string {
  try {
    return decodeURIComponent(text)
  } catch (err) {
    throw new UserError(`"${shown}" has a malformed percent code`, { cause: err })
  }
}

/** PEM. Rejects with a UserError that says what is missing. */
export async function readPkcs11Key({ uri }: Pkcs11Key, signal: AbortSignal): Promise<string> {
  const flags = ['-provider', 'default', '-provider', 'pkcs11', '-propquery', '?provider=pkcs11']
  const options = { signal, timeout: readMs, maxBuffer: maxPemBytes }
  try {
    const running = promisify(execFile)('openssl', ['pkey', ...flags, '-in', uri, '-pubin', '-pubout'], options)
    // A PIN that OpenSSL asks for never comes.
    running.child.stdin?.end()
    const pem = (await running.catch(wholeAnswer)).stdout
    // For RSA, the provider writes the older form of PKCS #1.
    return createPublicKey(pem).export({ type: 'spki', format: 'pem' }).toString()
  } catch (err) {
    signal.throwIfAborted()
    const [line = messageOf(err)] = /^.*(?:error|not found|ENOENT).*$/im.exec(messageOf(err)) ?? []
    throw new UserError(
      `Cannot read "${uri.slice(0, 200)}": ${line.slice(0, 300)}. It needs OpenSSL 3 with the provider pkcs11 (Debian: openssl, pkcs11-provider), and PKCS11_PROVIDER_MODULE with the module of the token`,
      { cause: err },
    )
  }
}

/** Modules of some tokens, such as SoftHSM, crash when the process ends: the key was written by then. Throws for everything else. */
function wholeAnswer(err: unknown): { readonly stdout: string } {
  if (err instanceof Error && 'signal' in err && err.signal === 'SIGSEGV' && 'stdout' in err && typeof err.stdout === 'string')
    if (/-----END [A-Z ]*PUBLIC KEY-----\n$/.test(err.stdout)) return { stdout: err.stdout }
  throw err
}

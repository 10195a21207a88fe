// Who signs a report: the key in a file, else the signer of the cluster if it runs here, else nobody.
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { accessSync, constants } from 'node:fs'
import { evidenceKeyId } from '../../assess/evidence/verify-report.ts'
import { preAuthEncoding, statementType } from '../../base/dsse.ts'
import { UserError } from '../../base/user-error.ts'
import { connectSigner } from '../../signer/connect.ts'
import { readRegularFile } from '../check/regular-file.ts'

export interface ReportSigner extends AsyncDisposable {
  /** Undefined if nobody signs. */
  readonly keyId: string | undefined
  /** Undefined if nobody signs. */
  sign(statement: Buffer, signal: AbortSignal): Promise<Buffer | undefined>
}

const signMs = 20_000
export const maxKeyBytes = 64 * 1024

export function keyFileSigner(path: string): ReportSigner {
  const key = readPrivateKey(path)
  return {
    keyId: evidenceKeyId(createPublicKey(key)),
    sign: async statement => sign(key.asymmetricKeyType === 'ed25519' ? null : 'sha256', preAuthEncoding(statementType, statement), key),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** `socket` is the administrator's socket of the signer; nobody signs if this user may not connect to it. */
export async function clusterSigner(socket: string | undefined, signal: AbortSignal): Promise<ReportSigner> {
  if (socket === undefined || !mayConnect(socket)) return nobody
  const signer = connectSigner(socket)
  const within = AbortSignal.any([signal, AbortSignal.timeout(signMs)])
  try {
    const { keyId } = await signer.evidenceKey(within)
    return {
      keyId,
      sign: async (statement, until) => {
        const { signature } = await signer.signEvidence(statement, AbortSignal.any([until, AbortSignal.timeout(signMs)]))
        return signature
      },
      [Symbol.asyncDispose]: () => signer[Symbol.asyncDispose](),
    }
  } catch (err) {
    await signer[Symbol.asyncDispose]()
    throw err
  }
}

const nobody: ReportSigner = {
  keyId: undefined,
  sign: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
}

function mayConnect(socket: string): boolean {
  try {
    accessSync(socket, constants.W_OK)
    return true
  } catch {
    // Missing, or of another user.
    return false
  }
}

function readPrivateKey(path: string): KeyObject {
  const pem = readRegularFile(path, { maxBytes: maxKeyBytes, followLinks: true })
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (err) {
    throw new UserError(`Cannot use "${path}": it contains no PEM private key without a passphrase`, { cause: err })
  }
  requireSigningKey(key, path)
  return key
}

/** Other kinds would need parameters that a report does not name. */
export function requireSigningKey({ asymmetricKeyType }: KeyObject, path: string): void {
  if (asymmetricKeyType !== 'ed25519' && asymmetricKeyType !== 'ec')
    throw new UserError(`Cannot use "${path}": it is a key of type "${asymmetricKeyType}", and must be Ed25519 or EC`)
}

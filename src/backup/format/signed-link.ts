// A link with its signature, as a file: a DSSE envelope, which anybody verifies with the cluster's public key.
import { type KeyObject, verify } from 'node:crypto'
import { type Link, linkPayloadType, maxLinkBytes, parseLink } from '../../base/backup/backup-link.ts'
import { packDigest } from '../../base/backup/seal-pack.ts'
import { formatEnvelope, parseEnvelope, preAuthEncoding } from '../../base/dsse.ts'
import { messageOf } from '../../base/user-error.ts'
import { BackupFault } from '../backup-fault.ts'
import { linkName } from '../targets/target.ts'

/** Base64 and the rest of the envelope. */
export const maxLinkFileBytes = maxLinkBytes * 2

export interface SignedLink {
  readonly link: Link
  /** SHA-256 of the file. */
  readonly digest: string
}

export interface LinkSignature {
  readonly keyId: string
  readonly signature: Buffer
}

export function formatSigned(payload: Buffer, { keyId, signature }: LinkSignature): Buffer {
  return Buffer.from(formatEnvelope({ payloadType: linkPayloadType, payload, signatures: [{ keyid: keyId, sig: signature }] }))
}

/** Throws a `BackupFault` that names the link: another's signature, another number than that of its file. */
export function openSigned(number: number, file: Buffer, key: KeyObject): SignedLink {
  const name = linkName(number)
  let envelope: ReturnType<typeof parseEnvelope>
  try {
    envelope = parseEnvelope(file.toString('utf8'))
  } catch (err) {
    throw new BackupFault('damaged', `"${name}" is no signed link: ${messageOf(err)}`, { cause: err })
  }
  const { payloadType, payload, signatures } = envelope
  if (payloadType !== linkPayloadType) throw new BackupFault('damaged', `"${name}" has the type ${payloadType}, not ${linkPayloadType}`)
  const signed = preAuthEncoding(payloadType, payload)
  if (!signatures.some(({ sig }) => verify(null, signed, key, sig)))
    throw new BackupFault('key', `"${name}" is not signed by the given key: it was changed, or is of another cluster`)
  const link = parsed(name, payload)
  if (link.number !== number)
    throw new BackupFault('rolled-back', `"${name}" is a copy of link ${link.number}: an old backup was presented as a newer one`)
  return { link, digest: packDigest(file) }
}

function parsed(name: string, payload: Buffer): Link {
  try {
    return parseLink(payload)
  } catch (err) {
    throw new BackupFault('damaged', `"${name}" cannot be read: ${messageOf(err)}`, { cause: err })
  }
}

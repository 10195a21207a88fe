// The epochs of a log, verified from the root key on.
import { type EpochCertificate, epochKey, isCertifiedBy, originOf, parseEpochCertificate } from '../../base/tlog/epoch-certificate.ts'
import { isSignedBy, type Note, type NoteKey } from '../../base/tlog/note.ts'
import { messageOf } from '../../base/user-error.ts'
import type { LoggedEpoch } from './epochs-file.ts'

export interface EpochChain {
  /** By their number, from 1 on, up to the first that is not certified. */
  readonly epochs: readonly EpochCertificate[]
  readonly problems: readonly string[]
}

export function verifyEpochs(logged: readonly LoggedEpoch[], rootKey: NoteKey): EpochChain {
  const origin = originOf(rootKey.publicKey)
  const epochs: EpochCertificate[] = []
  let previous = rootKey.publicKey
  for (const [at, { epoch, certificate: text }] of logged.entries()) {
    const fail = (what: string): EpochChain => ({ epochs, problems: [`epoch ${epoch} ${what}`] })
    try {
      const { certificate, note } = parseEpochCertificate(text)
      if (certificate.epoch !== at + 1) return fail(`is where epoch ${at + 1} should be`)
      if (certificate.origin !== origin) return fail(`is one of the log "${certificate.origin}", not of "${origin}"`)
      if (!isCertifiedBy(note, certificate, previous))
        return fail(`is not certified by the ${at === 0 ? 'root key' : `key of epoch ${at}`}`)
      if (certificate.size < (epochs.at(-1)?.size ?? 0)) return fail('ends before the one before')
      previous = certificate.publicKey
      epochs.push(certificate)
    } catch (err) {
      return fail(`has no valid certificate: ${messageOf(err)}`)
    }
  }
  return { epochs, problems: [] }
}

/** What is wrong with the signatures of a checkpoint that belongs to this epoch; undefined if nothing is. */
export function signatureFault(
  note: Note,
  size: number,
  epoch: number,
  epochs: readonly EpochCertificate[],
  logKey: NoteKey | undefined,
): string | undefined {
  const certificate = epochs[epoch - 1]
  if (certificate === undefined) return `checkpoint ${size} belongs to epoch ${epoch}, whose certificate is missing`
  const { origin, publicKey } = certificate
  const signed = isSignedBy(note, epochKey(origin, epoch, publicKey))
  if (signed === undefined) {
    const other = epochs.find(each => isSignedBy(note, epochKey(origin, each.epoch, each.publicKey)) === true)
    return `checkpoint ${size} belongs to epoch ${epoch} and is signed by ${other === undefined ? 'no key of this log' : `the key of epoch ${other.epoch}`}`
  }
  if (!signed) return `the signature of checkpoint ${size} by the key of epoch ${epoch} is wrong`
  if (logKey !== undefined && isSignedBy(note, logKey) !== true) return `checkpoint ${size} is not signed by the key of the log`
  return undefined
}

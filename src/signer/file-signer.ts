// The signer's default back end: keys in files of its own folder, made at the first start.
import { type KeyObject, X509Certificate } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { type KeyFolder, openKeyFolder } from './key-folder.ts'
import {
  type AuthorityKey,
  type KeyMaterial,
  type NumberedKey,
  newAuditKey,
  newEcKey,
  newEncryptionKey,
  privatePem,
  readPrivatePem,
} from './key-material.ts'
import { createKeySigner, ensureCertificate } from './key-signer.ts'
import type { AuthorityName, Signer } from './signer.ts'

export interface FileSignerOptions {
  /** Made with mode 0700 where it is missing; refused where others have rights in it. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Opens or makes the keys. Files (0600): `<authority>-ca.key`, `<authority>-ca.crt`, `service-account-<n>.key`, `encryption-<n>.key`, `audit.key`; of
 * numbered keys the highest is current, and older ones go on verifying and unwrapping. Throws `UnsafeKeyFile` naming a file that others can read.
 */
export async function openFileSigner({ directory, clock, log }: FileSignerOptions): Promise<Signer> {
  const folder = await openKeyFolder(directory)
  const names = await folder.names()
  const authorities = {
    client: await authority(folder, 'client', clock, log),
    serving: await authority(folder, 'serving', clock, log),
    'front-proxy': await authority(folder, 'front-proxy', clock, log),
  }
  const tokenKeys = await numbered(folder, names, 'service-account', log)
  const keys: KeyMaterial = {
    authorities,
    tokenKeys: tokenKeys.map(({ key }) => key),
    encryptionKeys: await encryptionKeys(folder, names, log),
    auditKey: await privateKey(folder, 'audit.key', newAuditKey, log),
  }
  return createKeySigner(keys, clock)
}

async function authority(folder: KeyFolder, name: AuthorityName, clock: Clock, log: Logger): Promise<AuthorityKey> {
  const made: AuthorityKey = { privateKey: await privateKey(folder, `${name}-ca.key`, newEcKey, log), certificate: undefined }
  const stored = await folder.read(`${name}-ca.crt`)
  if (stored !== undefined) {
    made.certificate = stored.toString('utf8')
    if (!new X509Certificate(stored).checkPrivateKey(made.privateKey)) {
      throw new Error(`Cannot use "${name}-ca.crt": it does not belong to "${name}-ca.key"`)
    }
  } else await folder.create(`${name}-ca.crt`, await ensureCertificate(name, made, clock.now()))
  return made
}

async function privateKey(folder: KeyFolder, file: string, make: () => KeyObject, log: Logger): Promise<KeyObject> {
  const stored = await folder.read(file)
  if (stored !== undefined) return readKey(file, stored)
  const key = make()
  await folder.create(file, privatePem(key))
  log.info('key made', { file })
  return key
}

function readKey(file: string, pem: Buffer): KeyObject {
  try {
    return readPrivatePem(pem)
  } catch (cause) {
    throw new Error(`Cannot read key file "${file}": it holds no private key in PEM`, { cause })
  }
}

const numbersOf = (names: readonly string[], prefix: string): number[] =>
  names
    .map(name => new RegExp(`^${prefix}-([1-9][0-9]*)\\.key$`).exec(name)?.[1])
    .filter(number => number !== undefined)
    .map(Number)
    .sort((a, b) => b - a)

async function numbered(folder: KeyFolder, names: readonly string[], prefix: string, log: Logger): Promise<NumberedKey<KeyObject>[]> {
  const numbers = numbersOf(names, prefix)
  const keys: NumberedKey<KeyObject>[] = []
  for (const number of numbers.length === 0 ? [1] : numbers) {
    keys.push({ number, key: await privateKey(folder, `${prefix}-${number}.key`, newEcKey, log) })
  }
  return keys
}

async function encryptionKeys(folder: KeyFolder, names: readonly string[], log: Logger): Promise<NumberedKey<Buffer>[]> {
  const numbers = numbersOf(names, 'encryption')
  if (numbers.length === 0) {
    const key = newEncryptionKey()
    await folder.create('encryption-1.key', `${key.toString('base64')}\n`)
    log.info('key made', { file: 'encryption-1.key' })
    return [{ number: 1, key }]
  }
  const keys: NumberedKey<Buffer>[] = []
  for (const number of numbers) {
    const file = `encryption-${number}.key`
    const key = Buffer.from((await folder.read(file))?.toString('utf8') ?? '', 'base64')
    if (key.length !== 32) throw new Error(`Cannot read key file "${file}": it holds no 256-bit key in base64`)
    keys.push({ number, key })
  }
  return keys
}

// `bulkhead trust import`: a TrustRoot object from public keys, a trusted root of sigstore, or a TUF repository in a folder. It contacts nobody.
import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { yamlText } from '../../api/schema/yaml-text.ts'
import { formatTime } from '../../base/clock.ts'
import { getOwn } from '../../base/data/own-property.ts'
import { cannotRead, UserError } from '../../base/user-error.ts'
import { writeJson } from '../../base/write-json.ts'
import { type JsonObject, readJsonObject } from '../../supply-chain/signatures/read-json.ts'
import { parseTrustRoot } from '../../supply-chain/signatures/trust-root.ts'
import type { TrustedKey, TrustRootSpec } from '../../supply-chain/signatures/trust-root-spec.ts'
import { type TufTrusted, tufLimits, updateTuf } from '../../supply-chain/signatures/tuf/update-tuf.ts'
import { apiVersion } from '../verify/read-objects.ts'
import { readAccepted, versionsAnnotation, versionsText } from './accepted-versions.ts'
import { isPkcs11, parsePkcs11, readPkcs11Key } from './pkcs11-key.ts'
import { firstRoot, readBounded, tufFolder } from './tuf-folder.ts'

export interface ImportFlags {
  readonly name?: string
  readonly root?: string
  readonly target?: string
  readonly previous?: string
  readonly output?: 'yaml' | 'json'
}

export interface ImportContext {
  /** Milliseconds since the epoch. */
  readonly now: number
  print(text: string): void
  /** To the user, beside the object. */
  note(text: string): void
}

const maxFileBytes = 4 * 1024 * 1024
const defaultName = 'imported'

/** Prints the object. Rejects with a UserError that names the file. */
export async function importTrust(
  flags: ImportFlags,
  paths: readonly string[],
  context: ImportContext,
  signal: AbortSignal,
): Promise<void> {
  if (paths.length === 0) throw new UserError('Name a public key (PEM), a trusted_root.json, or a folder with a TUF repository')
  const keys: TrustedKey[] = []
  let sigstore: JsonObject | undefined
  let tuf: { readonly spec: TrustRootSpec['tuf']; readonly annotations: Readonly<Record<string, string>> } | undefined
  for (const path of paths) {
    if (isPkcs11(path)) {
      const key = parsePkcs11(path)
      keys.push({ name: key.name, publicKey: await readPkcs11Key(key, signal) })
    } else if (await isFolder(path)) {
      if (sigstore !== undefined) throw new UserError(`"${path}": there is another trusted root`)
      const imported = await fromFolder(path, flags, context, signal)
      sigstore = imported.trustedRoot
      tuf = imported
    } else {
      const bytes = await readBounded(dirname(path), basename(path), maxFileBytes)
      if (bytes === undefined) throw new UserError(`Cannot read "${path}": it does not exist`)
      if (Buffer.from(bytes).includes('-----BEGIN')) keys.push({ name: keyName(path), publicKey: Buffer.from(bytes).toString('utf8') })
      else if (sigstore === undefined) sigstore = readJsonObject(bytes, `"${path}"`)
      else throw new UserError(`"${path}": there is another trusted root`)
    }
  }
  const name = flags.name ?? defaultName
  const spec: TrustRootSpec = {
    ...(keys.length === 0 ? {} : { keys }),
    ...(sigstore === undefined ? {} : { sigstore: { trustedRoot: sigstore } }),
    ...(tuf?.spec === undefined ? {} : { tuf: tuf.spec }),
  }
  parseTrustRoot(name, spec)
  const object = { apiVersion, kind: 'TrustRoot', metadata: { name, ...(tuf === undefined ? {} : { annotations: tuf.annotations }) }, spec }
  context.print(flags.output === 'json' ? writeJson(object, null, 2) : yamlText(object).trimEnd())
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (err) {
    throw cannotRead(path, err)
  }
}

const keyName = (path: string): string => basename(path).replace(/\.(?:pub|pem|key)$/, '')

async function fromFolder(
  folder: string,
  { root, target = 'trusted_root.json', previous }: ImportFlags,
  { now, note }: ImportContext,
  signal: AbortSignal,
) {
  const files = await tufFolder(folder)
  const accepted = previous === undefined ? undefined : await readAccepted(previous)
  const trusted: TufTrusted = accepted ?? { root: await trustedRootOf(root, () => firstRoot(files, folder, signal)) }
  if (accepted === undefined && root === undefined)
    note(`The first root of "${folder}" is trusted without a check: compare it with its publisher's, or name that with --root`)
  const update = await updateTuf(trusted, files, target, now, signal)
  note(`TUF root version ${update.rootVersion}, valid until ${formatTime(update.expires)}`)
  return {
    trustedRoot: readJsonObject(update.target, `Target "${target}"`),
    spec: { root: update.trusted.root, ...(target === 'trusted_root.json' ? {} : { target }) },
    annotations: { [versionsAnnotation]: versionsText(update.trusted.versions) },
  }
}

async function trustedRootOf(path: string | undefined, otherwise: () => Promise<JsonObject>): Promise<JsonObject> {
  if (path === undefined) return await otherwise()
  const bytes = await readBounded(dirname(path), basename(path), tufLimits.root)
  if (bytes === undefined) throw new UserError(`Cannot read "${path}": it does not exist`)
  const json = readJsonObject(bytes, `"${path}"`)
  if (getOwn(json, 'signed') === undefined) throw new UserError(`"${path}" is no root metadata of TUF`)
  return json
}

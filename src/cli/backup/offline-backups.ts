// `bulkhead backup list --from`, `verify` and `restore --to`: work with a target alone, without a cluster.
import type { KeyObject } from 'node:crypto'
import { BackupFault } from '../../backup/backup-fault.ts'
import { type Chain, readChain } from '../../backup/chain.ts'
import { packOpener, readPack } from '../../backup/format/open-pack.ts'
import { planRestore } from '../../backup/restore-plan.ts'
import { restoredObjects } from '../../backup/restored-objects.ts'
import type { Target } from '../../backup/targets/target.ts'
import type { LinkPack } from '../../base/backup/backup-link.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { findKubeconfig } from '../connection/find-kubeconfig.ts'
import { reachCluster } from '../connection/reach-cluster.ts'
import { printableJson } from '../terminal/printable.ts'
import { textTable } from '../terminal/text-table.ts'
import { identitiesOf, type KeyFlags, openTarget, type PointFlags, pointOf, publicKeyOf, type TargetFlags } from './open-backups.ts'
import { restoreDirectory } from './restore-directory.ts'
import { restoreSelected, type Selection } from './selective-restore.ts'
import { problemsOf, verifyBackup } from './verify-backup.ts'

export interface ChainFlags extends TargetFlags, KeyFlags {
  /** The number that the newest link must have at least. */
  readonly atLeast?: number
}

export interface VerifyFlags extends ChainFlags, PointFlags {
  readonly identity: string
  readonly output?: 'text' | 'json'
}

export interface RestoreFlags extends ChainFlags, PointFlags, Selection {
  readonly identity: string
  /** A new data directory, for a whole cluster. */
  readonly to?: string
  /** The kubeconfig of a running cluster, for some objects. */
  readonly into?: string
}

type Print = (text: string) => void

async function chainOf(target: Target, key: KeyObject, { atLeast }: ChainFlags, signal: AbortSignal): Promise<Chain> {
  return await readChain(target, { key, atLeast }, signal)
}

export async function listTarget(
  flags: ChainFlags & { readonly output?: 'text' | 'json' },
  print: Print,
  signal: AbortSignal,
): Promise<void> {
  const key = publicKeyOf(flags)
  await using target = await openTarget(flags, signal)
  const { backups, changes, newest } = await chainOf(target, key, flags, signal)
  const rows = backups.map(({ number, time, content }) => ({
    ...{ backup: number, time, revision: content.revision, objects: content.objects },
    needs: content.base === number ? 'nothing' : `backup ${content.base}`,
  }))
  const until = changes.at(-1)
  if (flags.output === 'json')
    return print(printableJson({ backups: rows, newestLink: newest?.link.number ?? 0, changesUntil: until?.content.revision }))
  const cells = rows.map(({ backup, time, revision, objects, needs }) => [String(backup), time, String(revision), String(objects), needs])
  for (const line of textTable(['BACKUP', 'TIME', 'REVISION', 'OBJECTS', 'NEEDS'], cells)) print(line)
  if (until !== undefined) print(`Each revision up to ${until.content.revision} of ${until.time} can be restored.`)
  if (newest !== undefined) print(`The newest link is ${newest.link.number} of ${newest.link.time}, signed by the given key.`)
}

/** Returns the exit code: 0 if every object is as it was, 1 otherwise. */
export async function verifyTarget(flags: VerifyFlags, print: Print, signal: AbortSignal): Promise<number> {
  const key = publicKeyOf(flags)
  const identities = identitiesOf(flags.identity)
  const point = pointOf(flags)
  try {
    await using target = await openTarget(flags, signal)
    const plan = planRestore(await chainOf(target, key, flags, signal), point)
    const result = await verifyBackup({ target, plan, identities }, signal)
    const problems = problemsOf(result, plan.objects)
    if (flags.output === 'json') print(printableJson({ revision: plan.revision, ...result, problems }))
    else {
      print(`Revision ${plan.revision}: ${result.compared} objects restored into a shadow server and compared.`)
      print(`Read ${result.packs} packs with ${result.bytes} encrypted bytes from ${target.place}.`)
      for (const { name, problem } of result.checks) print(`${problem === undefined ? 'ok     ' : 'FAILED '} ${name}`)
      for (const problem of problems) print(problem)
      print(problems.length === 0 ? 'VERIFIED: every object is as the API server had it' : `NOT VERIFIED: ${problems.length} problems`)
    }
    return problems.length === 0 ? 0 : 1
  } catch (err) {
    if (!(err instanceof BackupFault)) throw err
    print(flags.output === 'json' ? printableJson({ problems: [err.message], fault: err.fault }) : `NOT VERIFIED: ${messageOf(err)}`)
    return 1
  }
}

/** Returns the exit code. */
export async function restoreTarget(flags: RestoreFlags, print: Print, signal: AbortSignal): Promise<number> {
  const { to, into } = flags
  if ((to === undefined) === (into === undefined))
    throw new UserError('Give --to DIR for a whole cluster, or --into KUBECONFIG for some objects of a running one')
  const key = publicKeyOf(flags)
  const open = packOpener(identitiesOf(flags.identity))
  const point = pointOf(flags)
  await using target = await openTarget(flags, signal)
  const chain = await chainOf(target, key, flags, signal)
  const plan = planRestore(chain, point)
  if (into !== undefined) {
    const read = async (ref: LinkPack) => await open(ref, await readPack(target, ref, signal))
    const objects = await restoredObjects(plan, read)
    await using transport = reachCluster(await findKubeconfig({ kubeconfig: into }), 'bulkhead-backup')
    return await restoreSelected(objects.values(), flags, transport, print, signal)
  }
  if (to === undefined) return 1
  const { objects, auditFiles, hasKeys } = await restoreDirectory({ target, chain, plan, open, to }, signal)
  print(`Restored ${objects.toLocaleString('en')} objects of revision ${plan.revision} into "${to}".`)
  print(`Restored ${auditFiles} files of the audit log, as they were at ${plan.newest.time}: a new log follows it, with new keys.`)
  print('What was denied until then is denied again when the cluster starts.')
  if (!hasKeys) print('The backup holds no keys: the cluster gets new ones, and all its certificates and tokens are invalid.')
  else print('Tokens of ServiceAccounts that were issued before are invalid: a new key signs them.')
  print('Volumes and images are not part of a backup.')
  print(`Start it with: bulkhead up --data-dir ${to}`)
  return 0
}

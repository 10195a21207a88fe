// The process that moves a stopped cluster from one store to the other. It runs as the user of the server, whose files it reads and writes.
import { existsSync, statSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { messageOf, UserError } from '../../base/user-error.ts'
import { connectSigner } from '../../signer/connect.ts'
import { copyObjects, digestOf } from '../../store/copy-objects.ts'
import type { Store } from '../../store/store.ts'
import { openServerStore, type StorePlace } from './open-server-store.ts'
import { runPart } from './part-process.ts'
import { waitFor } from './wait-for.ts'

export interface StoreCopySettings extends Omit<StorePlace, 'etcd'> {
  readonly signerSocket: string
  readonly etcd: NonNullable<StorePlace['etcd']>
  readonly to: 'sqlite' | 'etcd'
}

/** Reported with `ready`. */
export interface StoreCopyResult {
  readonly objects: number
  /** SHA-256 in hexadecimal, the same for both stores. */
  readonly digest: string
  /** The newest revision before and after. */
  readonly from: number
  readonly revision: number
}

export const storeCopyPart = (): Promise<void> =>
  runPart<StoreCopySettings>('store-copy', async ({ settings, log, signal, ready }) => {
    await using signer = connectSigner(settings.signerSocket, { clock: systemClock, log })
    const open = (place: 'sqlite' | 'etcd', mustExist: boolean): Promise<Store> =>
      openServerStore(
        { ...settings, etcd: place === 'etcd' ? settings.etcd : undefined },
        { signer, log, signal, mustExist, acceptRestored: !mustExist, mustBeAlone: true },
      )
    ready({ ...(await copy(settings, open)) })
    await waitFor(signal)
  })

async function copy(
  { to, directory }: StoreCopySettings,
  open: (place: 'sqlite' | 'etcd', mustExist: boolean) => Promise<Store>,
): Promise<StoreCopyResult> {
  const from = to === 'etcd' ? 'sqlite' : 'etcd'
  const file = join(directory, 'store.db')
  if (to === 'sqlite' && existsSync(file) && statSync(file).size > 0)
    throw new UserError(`"${file}" exists already: move it away, so that nothing in it is lost`)
  if (to === 'etcd' && !existsSync(file)) throw new UserError(`"${file}" does not exist: the data directory holds no store to copy`)
  const { digest, revision, objects } = await copyAll(from, to, open)
  // Read again from where it is stored.
  await using target = await open(to, true)
  if (digestOf(target) !== digest)
    throw new UserError('The copy differs from the original: the original is unchanged, so start with it and report this')
  // A start without --store etcd would begin with it, and lose what was written since.
  if (to === 'etcd')
    for (const suffix of ['', '-wal', '-shm']) if (existsSync(file + suffix)) await rename(file + suffix, `${file}.copied${suffix}`)
  return { objects, digest, from: revision, revision: target.revision }
}

async function copyAll(
  from: 'sqlite' | 'etcd',
  to: 'sqlite' | 'etcd',
  open: (place: 'sqlite' | 'etcd', mustExist: boolean) => Promise<Store>,
) {
  await using source = await open(from, true)
  const { revision } = source
  const digest = digestOf(source)
  await using target = await open(to, false)
  const { objects } = target.status()
  if (objects > 0)
    throw new UserError(
      `etcd holds ${objects} objects of this cluster already. Remove them with "etcdctl del --prefix /bulkhead/" if they are an old copy`,
    )
  try {
    return { objects: await copyObjects(source, target), revision, digest }
  } catch (err) {
    throw new UserError(`Cannot copy the store: ${messageOf(err)}. The original is unchanged; empty the target and try again`, {
      cause: err,
    })
  }
}

// The users of the parts of a cluster that root starts. Each cluster of a machine has its own users, so that a compromised part can neither
// open files and sockets of another cluster nor signal its processes.
import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { codeOf } from '../../base/user-error.ts'

export interface Identity {
  readonly signer: number
  readonly server: number
  readonly controllers: number
  readonly dns: number
  readonly artifacts: number
  readonly registryFront: number
  readonly registryStore: number
  readonly backup: number
  readonly etcd: number
}

/** Users without an entry in /etc/passwd, above Debian's range and below systemd's dynamic ranges; the kernel needs only numbers. */
const firstUser = 64_701
const usersOfCluster = 4
/** One for each cluster, below the others: clusters from before this part keep their users. */
const firstArtifactsUser = 64_501
/** Two for each cluster, below those. */
const firstRegistryUser = 64_101
/** One for each cluster, below those. */
const firstBackupUser = 63_901
const firstEtcdUser = 63_701
/** So the last user is 65,500. */
const clusters = 200

/**
 * The owners of the existing folders; else the users derived from the path, or the next ones that no process runs as. `owner` is the owner
 * of the signer's folder.
 */
export function chooseIdentity(path: string, owner: number | undefined, isUsed: (user: number) => boolean): Identity {
  const known = owner === undefined ? undefined : clusterOf(owner)
  if (known !== undefined) return identityOf(known)
  const first = createHash('sha256').update(resolve(path)).digest().readUInt32BE(0) % clusters
  for (let tried = 0; tried < clusters; tried++) {
    const identity = identityOf((first + tried) % clusters)
    if (!Object.values(identity).some(isUsed)) return identity
  }
  return identityOf(first)
}

/** Undefined for a user that is not the signer of a cluster. */
function clusterOf(signer: number): number | undefined {
  const cluster = (signer - firstUser) / usersOfCluster
  return Number.isInteger(cluster) && cluster >= 0 && cluster < clusters ? cluster : undefined
}

function identityOf(cluster: number): Identity {
  const signer = firstUser + cluster * usersOfCluster
  return {
    signer,
    server: signer + 1,
    controllers: signer + 2,
    dns: signer + 3,
    artifacts: firstArtifactsUser + cluster,
    ...registryUsers(cluster),
    backup: firstBackupUser + cluster,
    etcd: firstEtcdUser + cluster,
  }
}

const registryUsers = (cluster: number) => ({
  registryFront: firstRegistryUser + cluster * 2,
  registryStore: firstRegistryUser + cluster * 2 + 1,
})

/** The identity for this machine and data directory; the signer's folder may not exist yet. */
export function partIdentity(path: string, signerFolder: string): Identity {
  const users = processUsers()
  return chooseIdentity(path, ownerOf(signerFolder), user => users.has(user))
}

function ownerOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.uid
}

function processUsers(): ReadonlySet<number> {
  const users = new Set<number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      users.add(statSync(`/proc/${name}`).uid)
    } catch (err) {
      // The process ended meanwhile.
      if (!['ENOENT', 'ESRCH'].includes(codeOf(err))) throw err
    }
  }
  return users
}

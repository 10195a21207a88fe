// The users that the parts of a cluster run as where root starts it. Each cluster of a machine has its own, so that a part of one that was taken over
// can neither open the files and sockets of another nor send its processes signals.
import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { codeOf } from '../../base/user-error.ts'

export interface Identity {
  readonly signer: number
  readonly server: number
  readonly controllers: number
  readonly dns: number
}

/** Users without an entry in /etc/passwd, above Debian's and below the end of systemd's dynamic ranges; only numbers matter to the kernel. */
const firstUser = 64_701
const usersOfCluster = 4
/** Up to 65,500. */
const clusters = 200

/**
 * Those that the folders of the data directory belong to already, else those that its path leads to, or the next that no process runs as. `owner` is
 * that of the signer's folder.
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

/** Undefined for a user that is no cluster's signer. */
function clusterOf(signer: number): number | undefined {
  const cluster = (signer - firstUser) / usersOfCluster
  return Number.isInteger(cluster) && cluster >= 0 && cluster < clusters ? cluster : undefined
}

function identityOf(cluster: number): Identity {
  const signer = firstUser + cluster * usersOfCluster
  return { signer, server: signer + 1, controllers: signer + 2, dns: signer + 3 }
}

/** The identity for this machine and data directory, whose signer's folder may not be there yet. */
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
      // It ended meanwhile.
      if (!['ENOENT', 'ESRCH'].includes(codeOf(err))) throw err
    }
  }
  return users
}

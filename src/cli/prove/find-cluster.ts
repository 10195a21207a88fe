// What of a cluster is on this machine: its data directory, and what runs of it.
import { accessSync, constants, existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { verifyAuditLog } from '../../access/audit/verify-log.ts'
import type { ClusterMachine } from '../../assess/proof.ts'
import { defaultDataDirectory, thisMachine } from '../../base/config.ts'
import { codeOf } from '../../base/user-error.ts'
import { connectSigner } from '../../signer/connect.ts'
import { requestStatus, type UpStatus } from '../up/control-socket.ts'
import { type DataDirectory, layout } from '../up/data-directory.ts'

const signerMs = 20_000

/** Where the data of a cluster is on this machine: the flag's, else the same as `bulkhead up` takes. */
export function findDataDirectory(flag: string | undefined): DataDirectory {
  return layout(resolve(flag ?? defaultDataDirectory(thisMachine(process.env))))
}

/** What `bulkhead up` says; undefined where none runs there. Rejects with an error of the system, EACCES, where this user may not ask it. */
export async function findUp(directory: DataDirectory): Promise<UpStatus | undefined> {
  try {
    return await requestStatus(directory.supervisorSocket)
  } catch (err) {
    if (codeOf(err) === 'ENOTDIR') return undefined
    throw err
  }
}

/** The machine as proofs see it: only what this user may read. */
export function clusterMachine(directory: DataDirectory, up: UpStatus | undefined): ClusterMachine {
  if (up === undefined) return { parts: [] }
  const parts = [{ name: 'up', pid: up.pid }, ...up.parts.flatMap(({ name, pid }) => (pid === undefined ? [] : [{ name, pid }]))]
  const { server } = directory
  const auditFolder = `${server}/audit`
  if (!readable(server) || !readable(auditFolder)) return { parts }
  return {
    parts,
    dataDirectory: directory.path,
    readAuditLog: async () => {
      await using signer = connectSigner(directory.signerSockets.admin)
      const { publicKey, signedHead } = await signer.auditKey(AbortSignal.timeout(signerMs))
      return await verifyAuditLog(auditFolder, publicKey, signedHead)
    },
    tokenKeys: async signal => {
      await using signer = connectSigner(directory.signerSockets.admin)
      return (await signer.tokenKeys(signal)).map(({ publicKey }) => publicKey)
    },
  }
}

function readable(path: string): boolean {
  if (!existsSync(path)) return false
  try {
    accessSync(path, constants.R_OK | constants.X_OK)
    return true
  } catch (err) {
    if (codeOf(err) === 'EACCES') return false
    throw err
  }
}

// Finds the data directory and the running processes of the cluster on this machine.
import { accessSync, constants, existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { verifyTree } from '../../assess/oracles/audit-tree.ts'
import type { ClusterMachine, Stray } from '../../assess/proof.ts'
import { systemClock } from '../../base/clock.ts'
import { defaultDataDirectory, thisMachine } from '../../base/config/config.ts'
import { silentLogger } from '../../base/log.ts'
import { codeOf } from '../../base/user-error.ts'
import { containerdRuntime } from '../../node/cri/containerd-runtime.ts'
import type { ContainerRuntime } from '../../node/cri/runtime.ts'
import { nodeDirectory } from '../../node/machine/node-directory.ts'
import { addStray, runStray, type StrayContainer } from '../../node/run-stray.ts'
import { NodeWitness } from '../../node/witness/node-witness.ts'
import { connectSigner } from '../../signer/connect.ts'
import { requestStatus, type UpStatus } from '../up/control-socket.ts'
import { type DataDirectory, layout } from '../up/data-directory.ts'
import { readClusterKeys } from './cluster-keys.ts'

const signerMs = 20_000

/** The data directory of a cluster on this machine: the flag's, else the default of `bulkhead up`. */
export function findDataDirectory(flag: string | undefined): DataDirectory {
  return layout(resolve(flag ?? defaultDataDirectory(thisMachine(process.env))))
}

/**
 * The answer of the running `bulkhead up`; undefined if none runs there. Rejects with the system error EACCES if this user may not ask it.
 */
export async function findUp(directory: DataDirectory): Promise<UpStatus | undefined> {
  try {
    return await requestStatus(directory.supervisorSocket)
  } catch (err) {
    if (codeOf(err) === 'ENOTDIR') return undefined
    throw err
  }
}

/** What proofs see of this machine: only what this user can read. */
export function clusterMachine(directory: DataDirectory, up: UpStatus | undefined): ClusterMachine {
  if (up === undefined) return { parts: [] }
  const parts = [{ name: 'up', pid: up.pid }, ...up.parts.flatMap(({ name, pid }) => (pid === undefined ? [] : [{ name, pid }]))]
  const { server } = directory
  const auditFolder = `${server}/audit`
  if (!readable(server) || !readable(auditFolder)) return { parts }
  const script = process.argv[1]
  const { containerdState, containerdSocket } = nodeDirectory(directory.node)
  return {
    parts,
    ...(script === undefined ? {} : { command: [process.execPath, script] }),
    dataDirectory: directory.path,
    readAuditLog: async isWanted => {
      await using signer = connectSigner(directory.signerSockets.admin)
      return await verifyTree(auditFolder, await signer.auditKey(AbortSignal.timeout(signerMs)), isWanted)
    },
    tokenKeys: async signal => {
      await using signer = connectSigner(directory.signerSockets.admin)
      return (await signer.tokenKeys(signal)).map(({ publicKey }) => publicKey)
    },
    ...(readable(containerdState)
      ? {
          runStray: (uid, signal) => strayAt(containerdSocket, runtime => runStray(runtime, uid, signal)),
          addStray: (pod, signal) => strayAt(containerdSocket, runtime => addStray(runtime, pod, signal)),
        }
      : {}),
    openWitness: folder => NodeWitness.open({ nodeName: 'prove', folder, clock: systemClock, log: silentLogger }),
    ...(readable(directory.signer) ? { keys: () => readClusterKeys(directory.signer) } : {}),
  }
}

async function strayAt<T extends StrayContainer | undefined>(
  socket: string,
  run: (runtime: ContainerRuntime) => Promise<T>,
): Promise<T | Stray> {
  await using stack = new AsyncDisposableStack()
  const stray = await run(stack.use(containerdRuntime(socket)))
  if (stray === undefined) return stray
  stack.use(stray)
  const kept = stack.move()
  return { isGone: until => stray.isGone(until), [Symbol.asyncDispose]: () => kept.disposeAsync() }
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

// A control plane whose store is a file, on a small disk of its own where the tests run as root.
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AdminConnection } from '../admin-request.ts'
import { run, temporaryFolder, until } from '../cluster.ts'
import { Link } from './link.ts'
import { type Fault, failingCalls, faultsOfParts, RestartedCluster, type World } from './world.ts'

const diskBytes = 96 * 2 ** 20

export async function startSqliteWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const root = process.getuid?.() === 0
  const dataDirectory = temporaryFolder()
  stack.defer(() => rmSync(dataDirectory, { recursive: true, force: true }))
  if (root) {
    const { code, stderr } = await run('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes},mode=755`, 'bulkhead-torture', dataDirectory])
    if (code !== 0) throw new Error(stderr)
    stack.defer(async () => void (await run('umount', ['-l', dataDirectory])))
  }
  const cluster = stack.use(await RestartedCluster.start(dataDirectory, ['--control-plane-only']))
  const link = stack.use(await Link.to(cluster.now.port))
  const faults: Fault[] = [...faultsOfParts(cluster, link)]
  if (root) faults.push(fullDisk(dataDirectory, cluster))
  if (root && existsSync('/usr/bin/strace')) {
    const server = async () => (await cluster.now.part('server')).pid
    faults.push(
      failingCalls('syncs of the server fail', server, 'fdatasync,fsync:error=EIO:when=3'),
      failingCalls('writes of the server fail', server, 'pwrite64:error=EIO:when=5'),
      failingCalls('the disk of the server is slow', server, 'fdatasync,fsync:delay_exit=300000'),
    )
  }
  const owned = stack.move()
  return {
    ...{ faults, port: link.port },
    get kubeconfig() {
      return cluster.now.kubeconfig
    },
    get output() {
      return cluster.now.output
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Another program takes all space, until a write was refused because of it. */
function fullDisk(dataDirectory: string, cluster: RestartedCluster): Fault {
  return {
    name: 'a full disk',
    async strike() {
      const ballast = join(dataDirectory, 'ballast')
      await run('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k'])
      using admin = new AdminConnection(cluster.now.kubeconfig)
      try {
        for (let round = 0; ; round++) {
          const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `fill-${round}` }, data: { text: 'x'.repeat(60_000) } }
          const answer = await admin.json('POST', '/api/v1/namespaces/default/configmaps', object).catch(() => undefined)
          if (answer === undefined || answer.status >= 500) break
        }
      } finally {
        rmSync(ballast)
      }
      await until('writes are accepted again', async () => {
        const answer = await admin.send({ method: 'DELETE', path: '/api/v1/namespaces/default/configmaps/fill-0' }).catch(() => undefined)
        if (answer?.status !== 200 && answer?.status !== 404) await delay(100)
        return answer?.status === 200 || answer?.status === 404
      })
      await removeFilling(admin)
    },
  }
}

async function removeFilling(admin: AdminConnection): Promise<void> {
  for (let round = 1; ; round++) {
    const answer = await admin
      .send({ method: 'DELETE', path: `/api/v1/namespaces/default/configmaps/fill-${round}` })
      .catch(() => undefined)
    if (answer?.status === 404) return
  }
}

// A control plane on three members of etcd. Every link can break: of the clients to the server, of the server to each member, and of the
// members to each other.
import { rmSync } from 'node:fs'
import { startEtcd } from '../../src/store/etcd/etcd.testing.ts'
import { temporaryFolder } from '../cluster.ts'
import { etcdFlags } from '../test-store.ts'
import { Link } from './link.ts'
import { type Fault, faultsOfLink, faultsOfParts, lasting, RestartedCluster, type World } from './world.ts'

export async function startEtcdWorld(): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const dataDirectory = temporaryFolder()
  stack.defer(() => rmSync(dataDirectory, { recursive: true, force: true }))
  const linkTo = async (port: number) => stack.use(await Link.to(port))
  const peerLinks: Link[] = []
  const etcd = stack.use(
    await startEtcd({
      members: 3,
      async peerPort(port) {
        const link = await linkTo(port)
        peerLinks.push(link)
        return link.port
      },
    }),
  )
  const memberLinks = await Promise.all(etcd.endpoints.map(endpoint => linkTo(Number(new URL(endpoint).port))))
  const flags = etcdFlags({ ...etcd, endpoints: memberLinks.map(({ port }) => `https://127.0.0.1:${port}`) })
  const cluster = stack.use(await RestartedCluster.start(dataDirectory, ['--control-plane-only', ...flags]))
  const link = await linkTo(cluster.now.port)
  const faults: Fault[] = [
    ...faultsOfParts(cluster, link),
    ...memberLinks.flatMap((memberLink, index) => faultsOfLink(`the server and member ${index}`, memberLink)),
    ...peerLinks.flatMap((peerLink, index) => faultsOfLink(`member ${index} and the other members`, peerLink)),
    ...etcd.members.flatMap((member, index): Fault[] => [
      {
        name: `kill -9 of member ${index}`,
        async strike(random) {
          member.kill('SIGKILL')
          await lasting(random)
          member.restart()
        },
      },
      {
        name: `SIGSTOP of member ${index}`,
        async strike(random) {
          member.kill('SIGSTOP')
          await lasting(random)
          member.kill('SIGCONT')
        },
      },
    ]),
    {
      name: 'kill -9 of all members',
      async strike(random) {
        for (const member of etcd.members) member.kill('SIGKILL')
        await lasting(random)
        for (const member of etcd.members) member.restart()
      },
    },
  ]
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

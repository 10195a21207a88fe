// A day without an API server, in virtual time: every container runs on, and afterwards the same pods are there, without a storm of requests.
import { Random } from '../consistency/random.ts'
import { missing } from './convergence.ts'
import { SimulatedCluster } from './simulated-cluster.ts'
import { User } from './user.ts'
import { VirtualTime } from './virtual-time.ts'

const hours = Number(process.argv[2] ?? 24)
const time = new VirtualTime(1)
const random = new Random(1)
const { clock } = time
const cluster = new SimulatedCluster(clock, random.fork(1), 5)
const { signal } = new AbortController()
const surprise = (text: string) => console.log(`unexpected: ${text}`)
const user = new User({ client: cluster.user, clock, random, nodeNames: cluster.nodes.map(({ name }) => name), surprise })
const through = async <T>(work: Promise<T>): Promise<T> => {
  let done = false
  const settled = work.finally(() => {
    done = true
  })
  while (!done) await time.advance(1_000)
  return settled
}
const atRest = async () => {
  let lines = await missing(cluster)
  for (let minute = 0; lines.length > 0 && minute < 40; minute++) {
    await time.advance(60_000)
    lines = await missing(cluster)
  }
  return lines
}
/** Those of Jobs come and go. */
const podUids = () =>
  cluster.store
    .collection({ groupResource: 'pods' })
    .list({})
    .entries.map(({ object }) => object)
    .filter(({ metadata }) => metadata.ownerReferences?.[0]?.kind !== 'Job')
    .map(({ metadata }) => metadata.uid)
    .sort()
const containers = async () => {
  const found = await Promise.all(cluster.nodes.map(({ runtime }) => runtime?.listContainers({}) ?? []))
  return found.flatMap(list =>
    list
      .filter(({ state, labels }) => state === 'CONTAINER_RUNNING' && !/^j/.test(labels['io.kubernetes.pod.name'] ?? ''))
      .map(({ id }) => id),
  )
}

await through(cluster.start())
await through(user.prepare(signal))
const before = await atRest()
const [uids, running] = [podUids(), await containers()]
await through(cluster.stopServer())
cluster.requests = 0
await time.advance(hours * 3_600_000)
const tries = cluster.requests
const still = await containers()
await through(cluster.startServer())
// The busiest second after the return: what each part asks at once.
let busiest = 0
for (let second = 0; second < 120; second++) {
  cluster.requests = 0
  await time.advance(1_000)
  busiest = Math.max(busiest, cluster.requests)
}
const after = await atRest()
console.log(
  JSON.stringify({
    ...{ missingBefore: before, missingAfter: after, tries, busiest },
    ...{ pods: uids.length, samePods: JSON.stringify(podUids()) === JSON.stringify(uids) },
    ...{
      containers: running.length,
      ranOn: JSON.stringify(still) === JSON.stringify(running),
      sameContainers: JSON.stringify(await containers()) === JSON.stringify(running),
    },
  }),
)
process.exit(0)

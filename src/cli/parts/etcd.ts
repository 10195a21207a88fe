// The process that runs a member of etcd: it has the member's certificate, and no key of the cluster; what it stores is sealed.
import { systemClock } from '../../base/clock.ts'
import { type EtcdMemberSettings, runEtcd } from '../../store/etcd/run-etcd.ts'
import { runPart } from './part-process.ts'

export const etcdPart = (): Promise<void> =>
  runPart<EtcdMemberSettings>('etcd', async ({ settings, log, signal, ready }) => {
    await runEtcd(settings, { clock: systemClock, log, onReady: () => ready() }, signal)
  })

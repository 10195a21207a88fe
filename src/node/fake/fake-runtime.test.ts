import { systemClock } from '../../base/clock.ts'
import { runtimeContract } from '../cri/runtime.contract.ts'
import { FakeRuntime } from './fake-runtime.ts'

runtimeContract('FakeRuntime', async () => {
  const runtime = new FakeRuntime({ clock: systemClock })
  runtime.addImage('bulkhead.local/busybox:1')
  return { runtime, image: 'bulkhead.local/busybox:1', logDirectory: '/logs' }
})

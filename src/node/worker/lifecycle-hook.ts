// Runs a postStart or preStop hook, with upstream's texts.
import type { LifecycleHandler } from '../../api/types/core-v1.ts'
import type { Clock } from '../../base/clock.ts'
import type { ContainerRuntime } from '../cri/runtime.ts'
import { httpProbe, type ProbeTarget } from '../probes/probe.ts'

/** Rejects if the hook failed; the event shows the message. The signal is also its time limit. */
export async function runHook(
  hook: LifecycleHandler,
  target: ProbeTarget,
  runtime: ContainerRuntime,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  if (hook.exec) {
    const command = hook.exec.command ?? []
    const { exitCode, stdout, stderr } = await runtime.execSync(target.containerId, command, 0, signal)
    if (exitCode === 0) return
    const message = Buffer.concat([stdout, stderr]).toString()
    throw new Error(`command '${command.join(' ')}' exited with ${exitCode}: ${message}`)
  }
  if (hook.httpGet) {
    const { result, output } = await httpProbe(hook.httpGet, target, signal)
    if (result === 'failure' || result === 'unknown') throw new Error(output)
    return
  }
  if (hook.sleep) return await clock.sleep(hook.sleep.seconds * 1000, signal)
  if (hook.tcpSocket) throw new Error('invalid handler: tcpSocket hooks are not run')
}

// A small pod that every namespace takes, and the wait until it runs.
import { setTimeout as delay } from 'node:timers/promises'
import type { KubeObject } from '../src/api/object.ts'

const everyMs = 2

export function restrictedPod(image: string): KubeObject & { readonly spec: object } {
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'first', namespace: 'default' },
    spec: {
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ name: 'main', image, command: ['sleep', '3600'], securityContext }],
    },
  }
}

export async function runningPod(get: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { status } = (await get()) as { status?: { phase?: string } }
    if (status?.phase === 'Running') return
    await delay(everyMs, undefined, { signal })
  }
}

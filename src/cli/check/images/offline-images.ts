// The part `artifacts` in this process, for evaluations without a cluster: the same code as in a cluster decides, about images of layouts.
import type { PackageSearch } from '../../../api/package-search.ts'
import type { Registries } from '../../../artifacts/image-verifier.ts'
import { runArtifacts } from '../../../artifacts/run-artifacts.ts'
import { signatureVerifier } from '../../../artifacts/signature-verifier.ts'
import { systemClock } from '../../../base/clock.ts'
import { silentLogger } from '../../../base/log.ts'
import { UserError } from '../../../base/user-error.ts'
import type { Client } from '../../../client/client.ts'
import type { ImageAuthority } from '../../../supply-chain/policy/image-question.ts'

/** Resolves when it answers. It runs until the disposal; nothing is contacted. */
export async function runOfflineImages(
  client: Client,
  registries: Registries,
  signal: AbortSignal,
  onReady: (authority: ImageAuthority & PackageSearch) => void,
): Promise<AsyncDisposable> {
  const stop = new AbortController()
  const ready = Promise.withResolvers<void>()
  const openTuf = (url: string): never => {
    throw new UserError(`${url} is not contacted: this evaluation has no network`)
  }
  const parts = { client, registries, verifier: signatureVerifier, clock: systemClock, log: silentLogger, random: Math.random, openTuf }
  const running = runArtifacts(parts, AbortSignal.any([signal, stop.signal]), authority => {
    onReady(authority)
    ready.resolve()
  })
  await Promise.race([ready.promise, running])
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the evaluation is over'))
      await running.catch((err: unknown) => {
        if (!stop.signal.aborted) throw err
      })
    },
  }
}

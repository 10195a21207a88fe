// What runs here: the digests of the code, and of all settings that decide what is enforced.
import { createHash } from 'node:crypto'
import { buildDigest } from '../base/build-digest.ts'
import { canonicalJson } from '../base/canonical-json.ts'
import type { RunningBuild } from '../server/paths/build-path.ts'
import type { ControlPlaneOptions } from './control-plane-options.ts'

/** Computed for each request, because files may be read again while the server runs. */
export async function runningBuild(options: ControlPlaneOptions): Promise<RunningBuild> {
  const { profile, features, admission, authentication, authorization, tokenWebhook, bootstrapTokens, policies, furtherSettings } = options
  const sources = policies === undefined ? [] : [policies.validating, policies.mutating]
  const settings = {
    ...{ profile, features, admission, authentication, authorization, tokenWebhook, bootstrapTokens },
    further: furtherSettings?.(),
    policies: sources.flatMap(source => [...source.policies(), ...source.bindings()]),
  }
  return { build: await buildDigest(), configuration: createHash('sha256').update(canonicalJson(settings)).digest('hex') }
}

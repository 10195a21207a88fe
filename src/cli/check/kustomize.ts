// What kustomize makes of a folder, through the kubectl that is installed.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { resolve as absolute, join } from 'node:path'
import { codeOf, messageOf, UserError } from '../../base/user-error.ts'
import { localInputs } from './kustomization-inputs.ts'
import { maxFileBytes } from './regular-file.ts'

const kustomizeTimeoutMs = 60_000

export interface KustomizeOptions {
  /** Lets kustomize fetch bases from elsewhere. Default: false. */
  readonly allowRemote?: boolean
  readonly kubectl?: string
}

/** Should a name pass for a local one and kustomize read it otherwise, neither git nor HTTP gets anywhere. */
const offline = { GIT_ALLOW_PROTOCOL: 'none', HTTP_PROXY: 'http://127.0.0.1:0', HTTPS_PROXY: 'http://127.0.0.1:0', NO_PROXY: '' }

/**
 * Plugins that run programs, and Helm charts, stay off, as they are by kubectl's default. The folder's name is never read as a flag, and what kubectl writes into its
 * working folder goes with it. Throws a `UserError` for what cannot be built, or only with files from elsewhere.
 */
export async function kustomize(folder: string, { allowRemote = false, kubectl = 'kubectl' }: KustomizeOptions = {}): Promise<string> {
  if (!allowRemote) localInputs(folder)
  const cwd = mkdtempSync(join(tmpdir(), 'bulkhead-kustomize-'))
  try {
    return await run(folder, kubectl, { cwd, env: allowRemote ? process.env : { ...process.env, ...offline } })
  } finally {
    rmSync(cwd, { recursive: true, force: true })
  }
}

function run(folder: string, kubectl: string, where: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const options = { encoding: 'utf8', maxBuffer: maxFileBytes, timeout: kustomizeTimeoutMs, ...where } as const
  execFile(kubectl, ['kustomize', '--', absolute(folder)], options, (err, stdout, stderr) => {
    if (err === null) resolve(stdout)
    else reject(new UserError(problem(folder, err, stderr), { cause: err }))
  })
  return promise
}

function problem(folder: string, err: Error & { killed?: boolean }, stderr: string): string {
  const code = codeOf(err)
  if (code === 'ENOENT')
    return `"${folder}" has a kustomization, and kubectl, which builds it, is not installed: install it, or pipe "kustomize build ${folder}" into "bulkhead check -"`
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `kustomize made more than ${maxFileBytes} bytes of "${folder}"`
  if (err.killed === true) return `kustomize took more than ${kustomizeTimeoutMs / 1000} s for "${folder}"`
  return `kustomize cannot build "${folder}": ${stderr.trim() || messageOf(err)}`
}

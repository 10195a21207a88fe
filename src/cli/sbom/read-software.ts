// The packages of an image or a folder, found in a process without rights.
import { parseImageReference } from '../../api/image-reference.ts'
import { UserError } from '../../base/user-error.ts'
import { parsePlatformText } from '../../supply-chain/oci/platform.ts'
import { parseSoftware } from '../../supply-chain/packages/parse-software.ts'
import type { Software } from '../../supply-chain/packages/software.ts'
import { runIsolated } from '../isolated/run-isolated.ts'
import type { SbomRequest } from './sbom-work.ts'
import { softwareTarget } from './software-target.ts'

export interface ImageChoice {
  /** The name, tag or digest of one of several images. */
  readonly image?: string
  /** `os/architecture[/variant]`; default: that of this machine if there is a choice. */
  readonly platform?: string
}

/** `text` is an OCI layout, an archive or a folder. Rejects with a UserError. */
export async function readSoftware(text: string, { image, platform }: ImageChoice, signal: AbortSignal): Promise<Software> {
  const target = softwareTarget(text)
  if (target === undefined) throw new UserError(notThere(text))
  if (platform !== undefined && parsePlatformText(platform) === undefined)
    throw new UserError(`--platform must be such as "linux/amd64" or "linux/arm/v7", got "${platform}"`)
  const request: SbomRequest = {
    kind: target.kind,
    name: text,
    ...(image === undefined ? {} : { image }),
    ...(platform === undefined ? {} : { platform }),
  }
  return parseSoftware(await runIsolated('sbom', request, [target.path], signal))
}

function notThere(text: string): string {
  const isPath = /^[./]/.test(text) || parseImageReference(text) === undefined
  return isPath
    ? `"${text}" does not exist: it must be an OCI layout, an archive of an image or a folder`
    : `"${text}" does not exist here, and images are not read from registries: write it into a file first with "bulkhead image export ${text} image.tar"`
}

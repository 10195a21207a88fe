import { buildCommand } from '@stricli/core'
import { optionalText } from '../common-flags.ts'
import { withHelp } from '../help.ts'
import type { SbomFlags } from '../sbom/sbom.ts'
import { interruptible, runCommand } from '../terminal/run-command.ts'

const command = buildCommand({
  func: (flags: SbomFlags, target: string) =>
    runCommand(async () => {
      const { sbom } = await import('../sbom/sbom.ts')
      const { stdout, stderr } = process
      const print = (text: string) => void stdout.write(`${text}\n`)
      await sbom(flags, target, { now: Date.now(), print, warn: text => void stderr.write(`${text}\n`) }, interruptible())
    }),
  parameters: {
    flags: {
      output: {
        kind: 'enum',
        values: ['table', 'cyclonedx', 'spdx', 'json'],
        optional: true,
        brief: 'Output format: table, CycloneDX 1.6, SPDX 2.3 or JSON (default: table)',
      },
      image: { ...optionalText, brief: 'Name, tag or digest, if there are several images', placeholder: 'NAME' },
      platform: { ...optionalText, brief: "Platform, if there are several (default: this machine's)", placeholder: 'OS/ARCH' },
    },
    aliases: { o: 'output' },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'OCI layout, archive of an image (tar, gzip, zstd), or folder', parse: String, placeholder: 'TARGET' }],
    },
  },
  docs: { brief: 'List the software in an image or a folder' },
})

/** The bill of materials of an image, without running anything of it. */
export const sbomCommand = withHelp(command, {
  usage: '[flags] TARGET',
  examples: [
    ['bulkhead sbom image.tar', 'what "docker save", skopeo or a build wrote'],
    ['bulkhead sbom -o cyclonedx image.tar', 'as CycloneDX 1.6'],
    ['bulkhead sbom .', 'what a folder of sources has installed, and what its lock files declare'],
  ],
})

// Every fuzz target. A test compares the list with the files named `x.fuzz.ts`.

import { rbacDecisions } from '../src/access/authorizers/rbac-decisions.fuzz.ts'
import { certificateIdentity } from '../src/access/pki/certificate-identity.fuzz.ts'
import { cel } from '../src/api/cel/cel.fuzz.ts'
import { regex } from '../src/api/cel/values/regex.fuzz.ts'
import { jsonPath } from '../src/api/custom-resources/json-path.fuzz.ts'
import { jsonPatch } from '../src/api/patch/json-patch.fuzz.ts'
import { quantity } from '../src/api/quantity/quantity.fuzz.ts'
import { yaml } from '../src/api/schema/yaml.fuzz.ts'
import { selector } from '../src/api/selectors/selector.fuzz.ts'
import { csiMessage } from '../src/base/csi/csi-message.fuzz.ts'
import { exactJson } from '../src/base/exact-json.fuzz.ts'
import type { FuzzTarget } from '../src/base/testing/fuzz-target.testing.ts'
import { registryRequest } from '../src/registry/registry-request.fuzz.ts'
import { http2Frames } from '../src/server/http2/http2-frames.fuzz.ts'
import { hpack } from '../src/server/http2/wire/hpack.fuzz.ts'
import { protobuf } from '../src/server/protobuf/decode.fuzz.ts'
import { tar } from '../src/supply-chain/oci/tar/tar.fuzz.ts'
import { packageFiles } from '../src/supply-chain/packages/cataloguers/package-files.fuzz.ts'
import { claim } from '../src/supply-chain/signatures/claim.fuzz.ts'

export const fuzzTargets: readonly FuzzTarget[] = [
  cel,
  certificateIdentity,
  claim,
  csiMessage,
  exactJson,
  hpack,
  http2Frames,
  jsonPatch,
  jsonPath,
  packageFiles,
  protobuf,
  quantity,
  rbacDecisions,
  regex,
  registryRequest,
  selector,
  tar,
  yaml,
]

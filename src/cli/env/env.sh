# Source this file in bash or zsh, then:
#   gl list
#   gl describe CheckStatusRequest
#   gl ComplianceService/CheckStatus -d '{"mvno": "mvnos/m01", "action": "ACTION_ALLOCATE_NUMBERS"}'
#   gl SupervisionService/OpenFinding -d @requests/open-finding.json
# Further flags of grpcurl pass through, before or after the method. GL_ADDRESS names other addresses of the gateway,
# GRPCURL another grpcurl. Of several addresses the first that listens is asked. Whoever sourced last is who you are.
if [ -n "${ZSH_VERSION:-}" ]; then
  GL_CERTS=$(CDPATH='' cd -- "$(dirname -- "$(eval 'print -r -- ${(%):-%x}')")" && pwd)
else
  GL_CERTS=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
fi
GL_HOME="@ADDRESS@"

gl() {
  if ! command -v "${GRPCURL:-grpcurl}" >/dev/null 2>&1; then
    echo "gl: grpcurl is not installed. With Go: go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3" >&2
    echo "gl: or take the release 1.9.3 of fullstorydev/grpcurl, and set GRPCURL to its path." >&2
    return 127
  fi
  # grpcurl wants its flags before the address: sort the words, and complete short names.
  local file=
  local -a flags words
  flags=() words=()
  while [ $# -gt 0 ]; do
    case $1 in
      -d | --d)
        # grpcurl itself reads standard input only.
        case ${2-} in
          @?*) file=${2#@} flags+=(-d @) ;;
          *) flags+=(-d "${2-}") ;;
        esac
        if [ $# -gt 1 ]; then shift; fi ;;
      -*=*) flags+=("$1") ;;
      -v | -vv | -h | -help | -version | -plaintext | -insecure | -unix | -alts | -emit-defaults | -msg-template | \
        -allow-unknown-fields | -expand-headers | -format-error | -use-reflection | --v | --vv | --help | --version | \
        --plaintext | --insecure | --unix | --alts | --emit-defaults | --msg-template | --allow-unknown-fields | \
        --expand-headers | --format-error | --use-reflection)
        flags+=("$1") ;;
      -*)
        flags+=("$1")
        if [ $# -gt 1 ]; then shift && flags+=("$1"); fi ;;
      [[:upper:]]*) words+=("greenlane.v1.$1") ;;
      *) words+=("$1") ;;
    esac
    shift
  done
  # Of several addresses the first that listens: one that does not was never asked, so nothing is asked twice.
  local address=${GL_ADDRESS:-$GL_HOME} home
  case $address in
    *' '*)
      for home in $(printf '%s\n' "$address"); do
        if bash -c 'exec 3<>"/dev/tcp/$0/$1"' "${home%:*}" "${home##*:}" 2>/dev/null; then break; fi
      done
      address=$home ;;
  esac
  set -- -cacert "$GL_CERTS/ca.pem" -cert "$GL_CERTS/cert.pem" -key "$GL_CERTS/key.pem" \
    ${flags[@]+"${flags[@]}"} "$address" ${words[@]+"${words[@]}"}
  if [ -n "$file" ]; then
    "${GRPCURL:-grpcurl}" "$@" <"$file"
  else
    "${GRPCURL:-grpcurl}" "$@"
  fi
}

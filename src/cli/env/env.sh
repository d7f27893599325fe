# Source this file, then:  gl list
#                          gl describe CheckStatusRequest
#                          gl ComplianceService/CheckStatus -d '{"mvno": "mvnos/m01", "action": "ACTION_ALLOCATE_NUMBERS"}'
# Further flags of grpcurl pass through, before or after the method. GL_ADDRESS and GRPCURL may be set beforehand.
if [ -n "${ZSH_VERSION:-}" ]; then
  GL_CERTS=$(cd "$(dirname "$(eval 'print -r -- ${(%):-%x}')")" && pwd)
else
  GL_CERTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fi
GL_ADDRESS=${GL_ADDRESS:-@ADDRESS@}

gl() {
  if ! command -v "${GRPCURL:-grpcurl}" >/dev/null 2>&1; then
    echo "gl: grpcurl is not installed. With Go: go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3" >&2
    echo "gl: or take the release 1.9.3 of fullstorydev/grpcurl, and set GRPCURL to its path." >&2
    return 127
  fi
  # grpcurl wants its flags before the address: sort the words, and complete short names.
  local -a flags words
  flags=() words=()
  while [ $# -gt 0 ]; do
    case $1 in
      -v | -vv | -emit-defaults | -allow-unknown-fields | -expand-headers | -format-error | -msg-template | -use-reflection | -version | -help | -*=*)
        flags+=("$1") ;;
      -*)
        flags+=("$1")
        if [ $# -gt 1 ]; then shift && flags+=("$1"); fi ;;
      [A-Z]*) words+=("greenlane.v1.$1") ;;
      *) words+=("$1") ;;
    esac
    shift
  done
  "${GRPCURL:-grpcurl}" -cacert "$GL_CERTS/ca.pem" -cert "$GL_CERTS/cert.pem" -key "$GL_CERTS/key.pem" \
    ${flags[@]+"${flags[@]}"} "$GL_ADDRESS" ${words[@]+"${words[@]}"}
}

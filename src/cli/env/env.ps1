# In PowerShell, 5.1 or later:  . .\env.ps1   then:
#   gl list
#   gl describe CheckStatusRequest
#   gl ComplianceService/CheckStatus -d '{"mvno": "mvnos/m01", "action": "ACTION_ALLOCATE_NUMBERS"}'
#   gl SupervisionService/OpenFinding -d '@requests/open-finding.json'
# Further flags of grpcurl pass through, before or after the method. $env:GL_ADDRESS names another address of the
# gateway, $env:GRPCURL another grpcurl. Whoever was sourced last is who you are.
$GlCerts = $PSScriptRoot
$GlHome = '@ADDRESS@'
# PowerShell has an alias of that name, and an alias goes before a function.
if (Test-Path Alias:gl) { Remove-Item Alias:gl -Force }

function gl {
    $tool = if ($env:GRPCURL) { $env:GRPCURL } else { 'grpcurl' }
    if (-not (Get-Command $tool -ErrorAction SilentlyContinue)) {
        Write-Error 'grpcurl is not installed. With Go: go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3 ; or take the release 1.9.3 of fullstorydev/grpcurl, and set $env:GRPCURL to its path.'
        return
    }
    # grpcurl wants its flags before the address: sort the words, and complete short names.
    $alone = '-v', '-vv', '-h', '-help', '-version', '-plaintext', '-insecure', '-unix', '-alts', '-emit-defaults', '-msg-template', '-allow-unknown-fields', '-expand-headers', '-format-error', '-use-reflection'
    $flags = @(); $words = @(); $data = $null
    for ($i = 0; $i -lt $args.Count; $i++) {
        $word = [string]$args[$i]
        $flag = $word -replace '^--', '-'
        $next = if ($i + 1 -lt $args.Count) { [string]$args[$i + 1] } else { '' }
        if ($flag -ceq '-d') {
            $i++
            if ($next -ceq '@') { $data = @($input) -join "`n" }
            elseif ($next.StartsWith('@')) { $data = Get-Content -Raw -Encoding UTF8 -ErrorAction Stop $next.Substring(1) }
            else { $data = $next }
        }
        elseif ($alone -ccontains $flag -or $word -like '-*=*') { $flags += $word }
        elseif ($word.StartsWith('-')) { $flags += $word; if ($i + 1 -lt $args.Count) { $i++; $flags += $next } }
        elseif ($word -cmatch '^[A-Z]') { $words += "greenlane.v1.$word" }
        else { $words += $word }
    }
    $certs = '-cacert', "$GlCerts/ca.pem", '-cert', "$GlCerts/cert.pem", '-key', "$GlCerts/key.pem"
    $address = if ($env:GL_ADDRESS) { $env:GL_ADDRESS } else { $GlHome }
    # Windows PowerShell takes the quotes out of arguments, so data goes by standard input, in UTF-8 both ways.
    $OutputEncoding = New-Object System.Text.UTF8Encoding $false
    $before = [Console]::OutputEncoding
    [Console]::OutputEncoding = $OutputEncoding
    try {
        if ($null -ne $data) { $data | & $tool @certs @flags '-d' '@' $address @words }
        else { & $tool @certs @flags $address @words }
    }
    finally { [Console]::OutputEncoding = $before }
}

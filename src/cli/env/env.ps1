# In PowerShell:  . .\env.ps1   then  gl list ; gl describe CheckStatusRequest ; gl ComplianceService/CheckStatus -d '{...}'
$script:GlCerts = $PSScriptRoot
$script:GlAddress = if ($env:GL_ADDRESS) { $env:GL_ADDRESS } else { '@ADDRESS@' }

function gl {
    $tool = if ($env:GRPCURL) { $env:GRPCURL } else { 'grpcurl' }
    $alone = '-v', '-vv', '-emit-defaults', '-allow-unknown-fields', '-expand-headers', '-format-error', '-msg-template', '-use-reflection', '-version', '-help'
    $flags = @(); $words = @(); $i = 0
    while ($i -lt $args.Count) {
        $word = [string]$args[$i]
        if ($alone -contains $word -or $word -like '-*=*') { $flags += $word }
        elseif ($word.StartsWith('-')) { $flags += $word; if ($i + 1 -lt $args.Count) { $i++; $flags += [string]$args[$i] } }
        elseif ($word -cmatch '^[A-Z]') { $words += "greenlane.v1.$word" }
        else { $words += $word }
        $i++
    }
    $certs = '-cacert', "$GlCerts/ca.pem", '-cert', "$GlCerts/cert.pem", '-key', "$GlCerts/key.pem"
    $input | & $tool @certs @flags $GlAddress @words
}

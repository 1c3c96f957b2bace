# SPDX-License-Identifier: GPL-2.0-only
# fish completion for syncmapctl(8), which says itself what may stand where

function __syncmapctl
    set -l words (commandline -opc) (commandline -ct)
    set -l cur $words[-1]
    for line in (command $words[1] complete -- $words[2..-1] 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path $cur
            case ':directories'
                __fish_complete_directories $cur
            case ':commands'
                __fish_complete_command
            case '*'
                echo $line
        end
    end
end

complete -c syncmapctl -f -a '(__syncmapctl)'

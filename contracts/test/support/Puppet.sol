// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A contract that calls what it is told to, and that refuses ether or calls back when it gets some.
contract Puppet {
    bool public refuses;
    bool public entered;
    bool public succeeded;
    bytes public answer;
    address private _target;
    bytes private _data;

    error Refused();

    receive() external payable {
        if (refuses) revert Refused();
        if (_target == address(0)) return;
        entered = true;
        (succeeded, answer) = _target.call(_data);
    }

    function refuse(bool yes) external {
        refuses = yes;
    }

    function callBack(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    function act(address target, bytes calldata data) external payable returns (bytes memory) {
        (bool ok, bytes memory result) = target.call{value: msg.value}(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
        return result;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MoneyFixture} from "../../support/MoneyFixture.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// A tenant signs twice and needs no wei: the allowance of credits, and the channel.
contract CreditTokenPermitTest is MoneyFixture {
    function test_allowsTheVaultOnce() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(tenantKey, _permitDigest(block.chainid, 5));
        credits.permit(tenant, address(vault), 5, T0, v, r, s);
        assertEq(credits.allowance(tenant, address(vault)), 5, "allowance");
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        credits.permit(tenant, address(vault), 5, T0, v, r, s);
    }

    function test_isForThisChainOnly() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(tenantKey, _permitDigest(block.chainid + 1, 5));
        vm.expectPartialRevert(ERC20Permit.ERC2612InvalidSigner.selector);
        credits.permit(tenant, address(vault), 5, T0, v, r, s);
    }

    function _permitDigest(uint256 chainId, uint256 amount) private view returns (bytes32) {
        bytes32 domainType = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes32 domain = keccak256(abi.encode(domainType, keccak256(bytes(credits.name())), keccak256("1"), chainId, address(credits)));
        bytes32 typeHash = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        return _digest(domain, keccak256(abi.encode(typeHash, tenant, address(vault), amount, 0, T0)));
    }
}
